"""The honest view of the flow."""

from shared.flow import STALE, Flow


def test_a_direction_is_green_only_as_long_as_it_proves_progress():
    flow = Flow("publishing", "consuming")
    assert flow.faults() == {}
    flow.lines["consuming"].seen -= STALE + 1
    assert flow.faults() == {"consuming": "no progress"}
    flow.going("consuming")
    assert flow.faults() == {}


def test_a_fault_stays_until_there_is_progress_and_nothing_of_its_text_is_kept():
    flow = Flow("publishing")
    flow.stalled("publishing", ConnectionError("at a secret address"))
    assert flow.faults() == {"publishing": "ConnectionError"}
    flow.standing_by("publishing")
    assert flow.faults() == {}
