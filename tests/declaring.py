"""Declaring as a person does: the form, the page to check it on, the button."""

from django.urls import reverse


def declare(client, address: str, data: dict):
    """The answer to the first thing that is refused; else to sending."""
    response = client.post(address, data)
    if response.status_code != 302:
        return response
    checking = client.get(response.url)
    if checking.status_code != 200:
        return checking
    draft = checking.context["draft"]
    return client.post(reverse("scoring:send_draft", args=[draft.pk]), {"revision": draft.revision})


def decide(client, entry, decision: str, reason: str = "", **query):
    """The answer to a reviewer's button on the entry's page as it is now."""
    entry.refresh_from_db()
    address = reverse("scoring:decide", args=[entry.pk], query=query)
    return client.post(address, {"status": entry.status, "decision": decision, "reason": reason})
