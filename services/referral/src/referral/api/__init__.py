"""HTTP in: referrals, cases, answers, releases."""

from shared.http.route import routes

from . import answers, cases, referrals, releases

router = routes("referral")
for part in (referrals, cases, answers, releases):
    router.include_router(part.router)

__all__ = ["router"]
