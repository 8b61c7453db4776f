def load_carriers(settings):
    connection = open_connection(settings.database_url, timeout=settings.timeout)
    rows = connection.fetch_all("select id, name from carriers")
    connection.close()
    return rows


def load_parcels(settings):
    connection = open_connection(settings.database_url, timeout=settings.timeout)
    rows = connection.fetch_all("select id, weight from parcels")
    connection.close()
    return rows


def open_connection(url, timeout):
    return Connection(url, timeout)
