"""Invoices: one for each order that was paid."""

from dataclasses import dataclass

from shop.database import Database
from shop.errors import NotFound


@dataclass
class Invoice:
    id: int
    order_id: int
    amount_cents: int


def find_invoice(database: Database, invoice_id: int) -> Invoice:
    """Returns one invoice, or raises `NotFound`."""
    row = database.fetch_one("SELECT * FROM invoices WHERE id = ?", (invoice_id,))
    if row is None:
        raise NotFound("invoice", invoice_id)
    return Invoice(**row)


def void_invoice(database: Database, invoice_id: int) -> None:
    """Voids an invoice; its number is not used again."""
    with database.transaction() as transaction:
        transaction.execute("UPDATE invoices SET amount_cents = 0 WHERE id = ?", (invoice_id,))
        transaction.commit()
