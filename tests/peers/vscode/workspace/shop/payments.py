"""Payments: money that came in."""

from dataclasses import dataclass

from shop.database import Database
from shop.errors import NotFound


@dataclass
class Payment:
    id: int
    order_id: int
    amount_cents: int


def hold_payment(database: Database, payment_id: int) -> None:
    """Holds a payment back."""
    with database.transaction() as transaction:
        transaction.execute("UPDATE payments SET held = 1 WHERE id = ?", (payment_id,))
        transaction.commit()


def release_payment(database: Database, payment_id: int) -> None:
    """Releases a payment."""
    with database.transaction() as transaction:
        transaction.execute("UPDATE payments SET held = 0 WHERE id = ?", (payment_id,))
        transaction.commit()


def cancel_payment(database: Database, payment_id: int) -> None:
    """Cancels a payment."""
    with database.transaction() as transaction:
        transaction.execute("DELETE FROM payments WHERE id = ?", (payment_id,))
        transaction.commit()


def settle_payment(database: Database, payment_id: int) -> None:
    """Settles a payment."""
    