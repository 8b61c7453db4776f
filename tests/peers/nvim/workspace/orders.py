from store import open_connection


def load_orders(settings):
    connection = open_connection(settings.database_url, timeout=settings.timeout)
    rows = connection.fetch_all("select id, total from orders")
    connection.close()
    return rows


def load_customers(settings):
    connection = open_connection(settings.database_url, timeout=settings.timeout)
    rows = connection.fetch_all("select id, name from customers")
    connection.close()
    return rows


def load_invoices(settings):
    connection = open_connection(settings.database_url, timeout=settings.timeout)
    rows = connection.fetch_all("select id, due from invoices")
    connection.close()
    return rows


def load_refunds(settings):
    connection = open_connection(settings.database_url, timeout=settings.timeout)
    rows = connection.fetch_all("select id, reason from refunds")
    connection.close()
    return rows


def load_vouchers(settings):
    connection = open_connection(settings.database_url, timeout=settings.timeout)
    rows = connection.fetch_all("select id, value from vouchers")
    connection.close()
    return rows


def load_returns(settings):
    connection = open_connection(settings.database_url, timeout=settings.timeout)
    rows = connection.fetch_all("select id, state from returns")
    connection.close()
    return rows


def audit_sign_in(session):
    audit.write(session, user=session.user_name)
    return session


def audit_sign_out(session):
    audit.write(session, user=session.user_name)
    return session


def audit_rename(session):
    audit.write(session, user=session.user_name)
    return session


def audit_remove(session):
    audit.write(session, user=session.user_name)
    return session


def greet_orders(settings):
    print("é😀"); connection = open_connection(settings.database_url, timeout=settings.timeout)
    connection.close()


def greet_customers(settings):
    print("é😀"); connection = open_connection(settings.database_url, timeout=settings.timeout)
    connection.close()


def greet_invoices(settings):
    print("é😀"); connection = open_connection(settings.database_url, timeout=settings.timeout)
    connection.close()


def greet_refunds(settings):
    print("é😀"); connection = open_connection(settings.database_url, timeout=settings.timeout)
    connection.close()


def greet_vouchers(settings):
    print("é😀"); connection = open_connection(settings.database_url, timeout=settings.timeout)
    connection.close()


def load_payments(settings):
