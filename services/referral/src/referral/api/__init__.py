"""HTTP in: referrals, cases, booking documents, answers, roles, releases."""

from shared.http.route import routes

from . import answers, cases, documents, referrals, releases, roles

router = routes("referral")
for part in (referrals, documents, cases, answers, roles, releases):
    router.include_router(part.router)

__all__ = ["router"]
