"""Customers and their addresses."""

from dataclasses import dataclass

from shop.database import Database
from shop.errors import NotFound


@dataclass
class Customer:
    id: int
    name: str
    email: str


def find_customer(database: Database, customer_id: int) -> Customer:
    """Returns one customer, or raises `NotFound`."""
    row = database.fetch_one("SELECT * FROM customers WHERE id = ?", (customer_id,))
    if row is None:
        raise NotFound("customer", customer_id)
    return Customer(**row)


def rename_customer(database: Database, customer_id: int, name: str) -> None:
    """Changes a customer's name."""
    with database.transaction() as transaction:
        transaction.execute("UPDATE customers SET name = ? WHERE id = ?", (name, customer_id))
        transaction.commit()


def forget_customer(database: Database, customer_id: int) -> None:
    """Removes what identifies a customer and keeps the orders."""
    with database.transaction() as transaction:
        transaction.execute("UPDATE customers SET name = '', email = '' WHERE id = ?", (customer_id,))
        transaction.commit()
