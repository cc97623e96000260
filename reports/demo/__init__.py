"""A street of invented people, to look at the product with (`manage.py load_demo`)."""

from reports.demo.accounts import ACCOUNTS, PASSWORD
from reports.demo.street import OccupiedError, is_loaded, load_demo

__all__ = ["ACCOUNTS", "PASSWORD", "OccupiedError", "is_loaded", "load_demo"]
