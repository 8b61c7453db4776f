"""Refunds: money that goes back to a customer."""

from dataclasses import dataclass

from shop.database import Database
from shop.errors import NotFound


@dataclass
class Refund:
    id: int
    order_id: int
    amount_cents: int


def find_refund(database: Database, refund_id: int) -> Refund:
    """Returns one refund, or raises `NotFound`."""
    row = database.fetch_one("SELECT * FROM refunds WHERE id = ?", (refund_id,))
    if row is None:
        raise NotFound("refund", refund_id)
    return Refund(**row)


def request_refund(database: Database, refund_id: int) -> None:
    """Requests a refund."""
    with database.transaction() as transaction:
        transaction.execute("UPDATE refunds SET requested = 1 WHERE id = ?", (refund_id,))
        transaction.commit()


def deny_refund(database: Database, refund_id: int) -> None:
    """Denies a refund."""
    with database.transaction() as transaction:
        transaction.execute("UPDATE refunds SET denied = 1 WHERE id = ?", (refund_id,))
        transaction.commit()


def withdraw_refund(database: Database, refund_id: int) -> None:
    """Withdraws a refund."""
    with database.transaction() as transaction:
        transaction.execute("DELETE FROM refunds WHERE id = ?", (refund_id,))
        transaction.commit()


def approve_refund(database: Database, refund_id: int) -> None:
    """Approves a refund, once."""
    