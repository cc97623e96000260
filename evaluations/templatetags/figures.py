"""Figures as a reader writes them."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def percent(share: Decimal) -> str:
    """0.3 → 30%"""
    return f"{points(share * 100)}%"


@register.filter
def points(value: Decimal | None) -> str:
    """54.60 → 54.6, 91.00 → 91, −3.00 → −3; empty for none."""
    return "" if value is None else f"{value.normalize():f}".replace("-", "−")
