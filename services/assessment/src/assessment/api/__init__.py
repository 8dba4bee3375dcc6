"""HTTP in. A route parses, calls one use-case and returns; rules live in domain."""

from shared.http.route import routes

from . import activities, assessments

router = routes("assessment")
router.include_router(assessments.router)
router.include_router(activities.router)
