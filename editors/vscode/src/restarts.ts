// Decides whether a server that ended by itself is started again. A crash now and then is nobody's
// business; one after the other would only burn the machine.

const windowMs = 3 * 60_000;

/** How often a server may end within `windowMs` before it is left alone. */
export const tolerated = 4;

export class Restarts {
  private ends: number[] = [];

  /** Records that the server ended at `now` (ms) and returns whether to start it again. */
  allow(now: number): boolean {
    this.ends = [...this.ends.filter((end) => now - end < windowMs), now];
    return this.ends.length <= tolerated;
  }

  /** Begins anew, after the user asked for a start. */
  forget(): void {
    this.ends = [];
  }
}
