"""Which services are installed, and what they hear, without starting any."""

import pytest

from shared.installed import NotInstalled, bindings, names, service


def test_what_each_hears_is_known_without_making_it():
    assert names() == ["assessment", "booking", "consent", "referral", "reporting"]
    assert {"*.meeting.recalled.*", "*.meeting.requested.*"} <= set(bindings("booking"))
    assert bindings("reporting") == ["#"]
    assert {"*.referral.received.*", "*.meeting.held.*", "*.answer.given.*"} <= set(bindings("referral"))


@pytest.mark.parametrize("ask", [service, bindings])
def test_one_that_is_not_installed(ask: object):
    assert callable(ask)
    with pytest.raises(NotInstalled, match="or name one of: assessment, booking"):
        ask("weather")
