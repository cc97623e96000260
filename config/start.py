"""What must hold before the program takes up its work."""

import sys

from django.core.checks import Error, run_checks


def require_safe_start() -> None:
    """Return if the database keeps what is closed from being changed; else leave with a sentence."""
    found = run_checks(tags=["freeze"], include_deployment_checks=True, databases=["default"])
    faults = [message for message in found if isinstance(message, Error)]
    if faults:
        sys.exit("\n".join(f"{fault.msg}{fault.hint}" for fault in faults))
