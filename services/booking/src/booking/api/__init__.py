"""HTTP in. A route parses, calls one use-case and returns; rules live in domain."""

from shared.http.route import routes

from . import agendas, interpreters, meetings

router = routes("booking")
router.include_router(meetings.router)
router.include_router(interpreters.of_meetings)
router.include_router(interpreters.of_providers)
router.include_router(agendas.router)
