"""A thin layer over the database connection."""

import sqlite3


class Database:
    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.row_factory = sqlite3.Row

    def fetch_one(self, query: str, values: tuple = ()) -> dict | None:
        row = self.connection.execute(query, values).fetchone()
        return dict(row) if row else None

    def fetch_all(self, query: str, values: tuple = ()) -> list[dict]:
        return [dict(row) for row in self.connection.execute(query, values).fetchall()]
