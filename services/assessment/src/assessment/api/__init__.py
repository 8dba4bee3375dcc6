"""HTTP in. A route parses, calls one use-case and returns; rules live in domain."""

from shared.http.route import routes

from . import activities, assessments, decisions, deviations, plans

router = routes("assessment")
for each in (assessments, decisions, plans, activities, deviations):
    router.include_router(each.router)
