"""The closed words of a release: what of a person leaves, and for what."""

from enum import StrEnum


class Category(StrEnum):
    """What of a person is released."""

    IDENTITY = "identity"
    CONTACT = "contact"
    LANGUAGE = "language"
    ASSESSMENT = "assessment"
    PLAN = "plan"
    ACTIVITY = "activity"


class Purpose(StrEnum):
    """What the recipient does with it."""

    MEETING = "meeting"
    ASSESSMENT = "assessment"
    DECISION = "decision"
    PLAN = "plan"
    ACTIVITY = "activity"
    FOLLOW_UP = "follow_up"
