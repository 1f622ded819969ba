"""The widget on a page of a portal: first token in the browser, alone and among others, and what it costs the page.

``python -m tests.benchmarks.portal [--questions 60] [--users 50] [--think 5] [--lighthouse 3] [--write]`` serves the
application over the starter corpus, and a portal on another port, in this process; Chromium asks the golden questions
in the widget, alone and while a second process plays *users* visitors, each of whom asks, reads for *think* seconds
and asks again. A time runs from the key press of Enter to the frame in which the first words stand on the screen.
Lighthouse (npm) scores the demo page with and without the widget; 0 runs leave it out. ``--write`` keeps what was found
in ``results/<date>-portal/``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bot.bootstrap import open_live
from ingest.settings import BRUSSELS, ROOT, load
from tests.benchmarks import machine
from tests.benchmarks.measures import golden, latency
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.portal import Guichet, Portal, page, strict
from ui.serving import prepare
from ui.widget.serving import sizes

RESULTS = Path(__file__).parent / "results"
LIGHTHOUSE = "lighthouse@13"
VISITORS = """
import asyncio, json, random, sys, httpx
address, users, think, questions = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), json.loads(sys.stdin.readline())
async def visitor(client, number):
    chance = random.Random(number)
    await asyncio.sleep(chance.random() * think)
    while True:
        body = {"question": chance.choice(questions)}
        headers = {"accept": "text/event-stream"}
        async with client.stream("POST", address + "/api/v1/ask", json=body, headers=headers) as response:
            async for _ in response.aiter_bytes():
                pass
        print(response.status_code, flush=True)
        await asyncio.sleep(think * (0.5 + chance.random()))
async def main():
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=users)) as client:
        await asyncio.gather(*(visitor(client, number) for number in range(users)))
asyncio.run(main())
"""
WATCH = """
(() => {
  const root = document.querySelector('guichet-ia').shadowRoot;
  window.times = [];
  let pressed = 0;
  root.querySelector('#question').addEventListener('keydown', (event) => {
    if (event.key === 'Enter') pressed = event.timeStamp;
  }, true);
  new MutationObserver(() => {
    if (!pressed || ![...root.querySelectorAll('.said')].at(-1)?.textContent) return;
    const from = pressed;
    pressed = 0;
    requestAnimationFrame(() => { const channel = new MessageChannel();
      channel.port1.onmessage = () => times.push(performance.now() - from); channel.port2.postMessage(0) });
  }).observe(root.querySelector('.log'), {childList: true, subtree: true, characterData: true});
})()
"""


def first_tokens(page: Page, questions: Sequence[str]) -> dict[str, Any]:
    """Ask *questions*, each in a new conversation; milliseconds until words stand on the screen."""
    for number, question in enumerate(questions):
        page.locator("#question").fill(question)
        page.locator("#question").press("Enter")
        page.wait_for_function(f"times.length > {number}", polling=20, timeout=60_000)
        page.locator(".actions").wait_for()
        page.get_by_role("button", name="Nouvelle conversation").click()
    return latency(page.evaluate("times"))


@contextmanager
def visitors(address: str, questions: Sequence[str], users: int, think: float) -> Iterator[list[str]]:
    """Have *users* visitors ask meanwhile; yields the status of each of their answers, complete at the end."""
    told: list[str] = []
    command = [sys.executable, "-c", VISITORS, address, str(users), str(think)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as others:
        assert others.stdin
        assert others.stdout
        others.stdin.write(json.dumps(questions) + "\n")
        others.stdin.flush()
        for _ in range(users):
            others.stdout.readline()  # each has begun
        yield told
        others.terminate()
        told += others.stdout.read().split()


def opened(browser: Browser, portal: Portal) -> Page:
    """Return a page of the portal with its dialogue open, and watched."""
    found = browser.new_page(viewport={"width": 1280, "height": 860})
    found.goto(portal.address + "/widget")
    found.locator(".bubble").click()
    found.locator("dialog[open]").wait_for()
    found.evaluate(WATCH)
    return found


def measure(questions: int, users: int, think: float, runs: int) -> dict[str, Any]:
    """Take all measures."""
    with tempfile.TemporaryDirectory(prefix="guichet-portal-") as folder, sync_playwright() as playwright:
        settings = {"data_dir": Path(folder), "rate_limit": "off"}
        with open_live(load(**settings)) as live:
            prepare(live)
            portal = Portal()
            guichet = Guichet(live, **settings)
            guichet.allow(portal.address)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            french = [question.question for question in golden() if question.lang == "fr" and not question.history]
            random.Random(7).shuffle(french)
            try:
                # wait_for_function compiles its condition in the page, which a strict policy forbids.
                portal.put("/widget", page(guichet.address, lang="fr"))
                first_tokens(opened(browser, portal), french[:3])
                alone = first_tokens(opened(browser, portal), french[:questions])
                with visitors(guichet.address, french, users, think) as told:
                    among = first_tokens(opened(browser, portal), french[:questions])
                return {
                    "bytes": sizes(),
                    "first_token_alone": alone,
                    "first_token_among": among,
                    "others": {"users": users, "think_seconds": think, "answers": len(told),
                               "refused": sum(one != "200" for one in told)},
                    "lighthouse": lighthouse(portal, guichet, runs, Path(folder)) if runs else None,
                }  # fmt: skip
            finally:
                browser.close()
                guichet.stop()
                portal.stop()


def lighthouse(portal: Portal, guichet: Guichet, runs: int, folder: Path) -> dict[str, Any]:
    """Score the demo page without and with the widget, in turns; medians of *runs*, or why there are none."""
    demo = (ROOT / "docs" / "portal" / "index.html").read_text(encoding="utf-8")
    demo = demo.replace("http://127.0.0.1:7860", guichet.address)
    portal.put("/portal.css", (ROOT / "docs" / "portal" / "portal.css").read_text(encoding="utf-8"), "text/css")
    lines = [line for line in demo.splitlines(keepends=True) if "<script" not in line]
    portal.put("/with", demo)
    portal.put("/without", "".join(lines), content_security_policy=strict(guichet.address))
    npx = shutil.which("npx")
    if npx is None:
        return {"not_measured": "npx is missing"}
    found: dict[str, list[dict[str, float]]] = {"without": [], "with": []}
    for _ in range(runs):
        for name, kept in found.items():
            command = [
                npx, "--yes", LIGHTHOUSE, f"{portal.address}/{name}", "--output=json", "--quiet",
                "--only-categories=performance,accessibility",
                "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
            ]  # fmt: skip
            environment = os.environ | {"CHROME_PATH": str(CHROMIUM)}
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300, check=False
            )
            if done.returncode:
                return {"not_measured": (done.stderr.strip().splitlines() or ["it failed"])[-1][:300]}
            report = json.loads(done.stdout)
            kept.append({
                "performance": 100 * report["categories"]["performance"]["score"],
                "accessibility": 100 * report["categories"]["accessibility"]["score"],
                "blocking_ms": report["audits"]["total-blocking-time"]["numericValue"],
                "layout_shift": report["audits"]["cumulative-layout-shift"]["numericValue"],
            })  # fmt: skip
    medians = {
        name: {key: statistics.median(one[key] for one in kept) for key in kept[0]} for name, kept in found.items()
    }
    return {**medians, "loss": medians["without"]["performance"] - medians["with"]["performance"], "runs": runs}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print what was found, and keep it when asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.portal", description=__doc__)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--think", type=float, default=5.0)
    parser.add_argument("--lighthouse", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    today = str(dt.datetime.now(BRUSSELS).date())
    found = {
        "date": today,
        "machine": machine.describe(),
        "commit": machine.commit(),
        "load": machine.load(),
        "measures": measure(given.questions, given.users, given.think, given.lighthouse),
    }
    text = json.dumps(found, ensure_ascii=False, indent=2, default=str) + "\n"
    sys.stdout.write(text)
    if given.write:
        folder = RESULTS / f"{today}-portal"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
