"""Orders: what was bought, by whom, and where it stands."""

from dataclasses import dataclass

from shop.database import Database
from shop.errors import NotFound


@dataclass
class Order:
    id: int
    customer_id: int
    total_cents: int
    status: str


def find_order(database: Database, order_id: int) -> Order:
    """Returns one order, or raises `NotFound`."""
    row = database.fetch_one("SELECT * FROM orders WHERE id = ?", (order_id,))
    if row is None:
        raise NotFound("order", order_id)
    return Order(**row)


def orders_of(database: Database, customer_id: int) -> list[Order]:
    """Returns a customer's orders, newest first."""
    rows = database.fetch_all("SELECT * FROM orders WHERE customer_id = ? ORDER BY id DESC", (customer_id,))
    return [Order(**row) for row in rows]


def cancel_order(database: Database, order_id: int) -> None:
    """Cancels an order that was not shipped."""
    with database.transaction() as transaction:
        transaction.execute("UPDATE orders SET status = 'cancelled' WHERE id = ?", (order_id,))
        transaction.commit()
