"""HTTP in: referrals, cases, answers."""

from shared.http.route import routes

from . import answers, cases, referrals

router = routes("referral")
for part in (referrals, cases, answers):
    router.include_router(part.router)

__all__ = ["router"]
