"""What the rows of all grids have in common."""

from django import forms

from members.models import Member


class GridRow(forms.Form):
    """One member's row of a grid; unbound where the browser did not send it (another page of the list).

    Its field `seen` takes the state that the page showed back with it.
    """

    def __init__(self, data, *, member: Member, initial: dict):
        self.member, self.clash = member, None
        prefix = f"m{member.pk}"
        self.sent = data if data and f"{prefix}-seen" in data else None
        super().__init__(self.sent, prefix=prefix, initial=initial, use_required_attribute=False)

    def has_sent(self, name: str) -> bool:
        return bool(self.sent) and f"{self.prefix}-{name}" in self.sent

    @property
    def editable(self) -> bool:
        return len(self.fields) > 1

    @property
    def faults(self) -> list[str]:
        """What is wrong, each with the name and the place in the row."""
        return [
            f"{self.member}{self.place_of(name)}:{fault}" for name, faults in self.errors.items() for fault in faults
        ]

    def place_of(self, name: str) -> str:
        """Which month or quarter a field is about; empty where the whole row is about one."""
        return ""
