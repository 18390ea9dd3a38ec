"""What staff are told unasked: a broadcast waits for one of them."""

from typing import Any

from handlers.telegram import keyboards_desk
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen


def waits(words: Html, params: dict[str, Any]) -> Screen:
    facts = {"number": params["broadcast"], "title": params["title"], "name": params["by"]}
    if params["edit"]:
        text = words(
            "{name} asks you to approve another text for broadcast {number}, <b>{title}</b>, that was sent.",
            **facts,
        )
    elif params.get("outgrew") is not None:
        text = words(
            "Broadcast {number}, <b>{title}</b>, has grown past {n} recipients and waits to be approved.",
            n=params["outgrew"],
            **facts,
        )
    else:
        text = words("{name} asks you to approve broadcast {number}: <b>{title}</b>.", **facts)
    people = words("Recipients: {n}", n=params["recipients"])
    own = params.get("own", False)
    keyboard = keyboards_desk.waits(words, params["broadcast"], params["version"], own=own)
    return Screen(f"{text}\n{people}", keyboard)


TEMPLATES = {"broadcast_waits": waits}
