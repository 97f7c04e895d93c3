"""What a page owes to people who cannot see, cannot point, or read with difficulty: checks after WCAG 2.2 AA.

`faults` are ours, `violations` are what Deque's axe-core finds.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from playwright.sync_api import Page, expect

_CHECK = r"""
(leastTarget) => {
  const faults = [];
  const shown = (e) => {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    return box.width > 1 && box.height > 1 && style.visibility !== 'hidden' && style.display !== 'none';
  };
  const what = (e) => e.outerHTML.replace(/\s+/g, ' ').slice(0, 90);
  const nameOf = (e) => (e.getAttribute('aria-label') || e.innerText || e.textContent || '').trim();
  if (!document.documentElement.lang) faults.push('the page names no language');
  if (!document.title.trim()) faults.push('the page has no title');
  if (document.querySelectorAll('main').length !== 1) faults.push('the page has not one main part');
  if (document.querySelectorAll('h1').length !== 1) faults.push('the page has not one first heading');
  let before = 0;
  for (const h of document.querySelectorAll('h1,h2,h3,h4')) {
    const level = Number(h.tagName[1]);
    if (before && level > before + 1) faults.push('a heading level is skipped: ' + what(h));
    before = level;
  }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of ids) if (ids.filter((other) => other === id).length > 1) faults.push('two things have the id ' + id);
  for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) faults.push('a picture has no alt: ' + what(e));
  for (const e of document.querySelectorAll('svg')) {
    const silent = e.getAttribute('aria-hidden') === 'true';
    if (!silent && !(e.getAttribute('role') === 'img' && e.getAttribute('aria-label')))
      faults.push('a drawing is neither silent nor named: ' + what(e));
  }
  for (const e of document.querySelectorAll('a[href],button')) if (!nameOf(e)) faults.push('no name: ' + what(e));
  for (const e of document.querySelectorAll('input:not([type=hidden]):not([type=submit]),select,textarea'))
    if (!e.getAttribute('aria-label') && !e.labels.length) faults.push('a field has no label: ' + what(e));

  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { c: [r, g, b], a: a / 255 };
  };
  const light = (c) => {
    const [r, g, b] = c.map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const style = getComputedStyle(at), ground = rgb(style.backgroundColor);
      if (ground.a > 0.95) return ground.c;
      const stops = style.backgroundImage.match(/rgba?\([^)]*\)/g);
      if (stops) return rgb(stops[stops.length - 1]).c;
    }
    return rgb(getComputedStyle(document.documentElement).colorScheme.includes('dark') ? '#000' : '#fff').c;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(e) || e.closest('[disabled]') || e.closest('svg')) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = ratio(rgb(style.color).c, behind(e));
    if (found < (large ? 3 : 4.5)) faults.push(`contrast ${found.toFixed(2)}: ` + what(e));
  }
  for (const e of document.querySelectorAll('a[href],button,input:not([type=hidden]),select,textarea,summary')) {
    const withinText = e.matches('a') && e.closest('p') && getComputedStyle(e).display === 'inline';
    if (!shown(e) || e.matches('.skip') || withinText) continue;
    // A link stretched over its card is as large as the card.
    const over = getComputedStyle(e, '::after').position === 'absolute' ? e.closest('article') || e : e;
    const box = over.getBoundingClientRect();
    if (Math.min(box.width, box.height) < leastTarget - 0.5)
      faults.push(`target of ${box.width.toFixed(0)} x ${box.height.toFixed(0)}: ` + what(e));
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) faults.push('the page scrolls sideways');
  return faults;
}
"""


def faults(page: Page, *, least_target_px: float = 24) -> list[str]:
    """What is wrong with this page, a sentence each; an empty list is a good page."""
    return list(page.evaluate(_CHECK, least_target_px))


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe-core, with all of its rules, has against this page; it needs a page whose scripts may run."""
    page.evaluate(_axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found["violations"]]


def log_in(page: Page, base: str, name: str = "Ines", password: str = "seven green kettles") -> None:
    """Come into the manager's pages by the form, in English."""
    page.goto(f"{base}/manage/?lang=en")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
