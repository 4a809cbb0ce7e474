"""What happens reaches the pages that asked for it, and a slow page holds up nobody."""

import asyncio
import json
import threading
import time

import pytest

from xnornode.studio.bus import QUEUE, Bus, Page

pytestmark = pytest.mark.quick


def test_topics_and_what_is_kept():
    async def whole():
        bus, page = Bus(), Page()
        bus.publish("node", {"n": 1}, keep=True)
        bus.publish("job", {"n": 2})
        bus.add(page)
        bus.subscribe(page, {"node", "job"})
        threading.Thread(target=bus.publish, args=("job", {"n": 3})).start()
        got = [json.loads(await page.get()) for _ in range(2)]
        assert got == [{"topic": "node", "n": 1}, {"topic": "job", "n": 3}]
        bus.subscribe(page, {"job"})
        bus.publish("node", {"n": 4})
        bus.publish("job", {"n": 5})
        assert json.loads(await page.get())["n"] == 5

    asyncio.run(whole())


def test_a_slow_page_loses_signals_before_all_else():
    async def whole():
        bus, page = Bus(), Page()
        bus.add(page)
        bus.subscribe(page, {"signal", "job"})
        for k in range(3 * QUEUE):
            bus.publish("signal", {"k": k})
        for k in range(10):
            bus.publish("job", {"k": k})
        assert page.dropped == 2 * QUEUE + 10
        got = [json.loads(await page.get()) for _ in range(QUEUE)]
        assert [m["k"] for m in got if m["topic"] == "job"] == list(range(10))
        assert got[0]["k"] == 2 * QUEUE + 10  # the newest signals are left

    asyncio.run(whole())


def test_a_watch_hears_of_the_first_page_and_of_the_last():
    async def whole():
        heard, bus = [], Bus()
        bus.watch("signal", heard.append)
        pages = [Page(), Page()]
        for page in pages:
            bus.add(page)
            bus.subscribe(page, {"signal"})
        bus.remove(pages[0])
        assert heard == [True]
        bus.remove(pages[1])
        assert heard == [True, False]

    asyncio.run(whole())


def test_a_watch_hears_in_the_order_in_which_pages_come_and_go():
    async def whole():
        told, going, bus = [], threading.Event(), Bus()

        def changed(wanted):
            if not wanted:
                going.set()
                time.sleep(0.1)  # this thread has its turn late
            told.append(wanted)

        bus.watch("signal", changed)
        pages = [Page(), Page()]
        for page in pages:
            bus.add(page)
        bus.subscribe(pages[0], {"signal"})
        leaving = threading.Thread(target=bus.subscribe, args=(pages[0], set()))
        leaving.start()
        assert going.wait(10)
        bus.publish("signal", {})  # is not held up
        bus.subscribe(pages[1], {"signal"})
        leaving.join()
        assert told == [True, False, True] and bus.wanted("signal")

    asyncio.run(whole())
