"""What referral is told from outside."""

from typing import ClassVar

from shared.settings import Settings as Common


class Settings(Common):
    service: ClassVar[str] = "referral"
    persons: ClassVar[bool] = True
