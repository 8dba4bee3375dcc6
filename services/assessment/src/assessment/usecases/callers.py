"""Who acts: the party that the caller's token names."""

from shared.uow import UnitOfWork


def party_of(uow: UnitOfWork) -> str:
    assert uow.caller is not None
    return uow.caller.party
