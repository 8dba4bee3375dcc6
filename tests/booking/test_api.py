"""x"""
from shared.ids import uuid7
from shared.testing.apps import App, Platform
from shared.testing.asking import requested
import time
async def test_x(booking: App, platform: Platform):
    case = uuid7()
    r = requested("meeting", case, party="clinic", outcomes=["held"])
    t=time.time()
    await booking.hears(r)
    print(time.time()-t)
    c = booking.as_party("clinic")
    a = await c.get("/meetings")
    print(a.text)
    a = await c.post(f"/meetings/{r.play}/bookings", json={"starts":"2026-11-03T08:00:00Z","ends":"2026-11-03T09:00:00Z"})
    print(a.status_code, a.text, a.headers)
    t=time.time()
    await platform.quiet()
    print(time.time()-t)
    print(await booking.told(), await booking.flow(), await booking.parked())
    print((await booking.as_operator().get("/dead-letters")).text)
    assert 0
