"""Shipments: parcels on their way."""

from dataclasses import dataclass

from shop.database import Database
from shop.errors import NotFound


@dataclass
class Shipment:
    id: int
    order_id: int
    amount_cents: int


def find_parcel(database: Database, parcel_id: int) -> Shipment:
    """Returns one parcel, or raises `NotFound`."""
    row = database.fetch_one("SELECT * FROM parcels WHERE id = ?", (parcel_id,))
    if row is None:
        raise NotFound("parcel", parcel_id)
    return Shipment(**row)


def find_carrier(database: Database, carrier_id: int) -> Shipment:
    """Returns one carrier, or raises `NotFound`."""
    row = database.fetch_one("SELECT * FROM carriers WHERE id = ?", (carrier_id,))
    if row is None:
        raise NotFound("carrier", carrier_id)
    return Shipment(**row)


def find_shipment(database: Database, shipment_id: int) -> Shipment:
    """Returns one shipment, or raises `NotFound`."""
    row = database.fetch_one("SELECT * FROM shipments WHERE id = ?", (shipment_id,))
    