"""Tic-tac-toe as its players see it: in a real browser, over each transport."""

import pytest

from tests.web.people import SOME_TRANSPORTS, carry_by, expect, fits_a_phone, line_over, people

#: X wins on the diagonal.
MOVES = [("X", 0), ("O", 1), ("X", 4), ("O", 2), ("X", 8)]
NAMES = ("Ada", "Grace <b>")


def cell(page, number):
    return page.get_by_label(f"Row {number // 3 + 1}, column {number % 3 + 1}:")


@pytest.fixture(scope="module")
def visitors(browser, site):
    with people(browser, site.url) as some:
        yield some


@pytest.fixture(scope="module")
def two(visitors):
    """Two players of one game, by name."""
    ada = visitors.page("/tictactoe")
    ada.fill("#name", NAMES[0])
    ada.click("#enter")
    link = ada.get_by_label("Link to this game").input_value()
    assert "token" not in link
    expect(ada.locator("#verdict")).to_contain_text("pass on the link")
    grace = visitors.page(link)
    grace.fill("#name", NAMES[1])
    grace.click("#enter")
    expect(ada.locator("#players")).to_contain_text(NAMES[1])
    return dict(zip(NAMES, (ada, grace), strict=True))


@pytest.mark.parametrize("transport", SOME_TRANSPORTS)  # the chat goes by each
def test_two_play_a_whole_game(two, transport):
    for page in two.values():
        carry_by(page, transport)
    for page in two.values():
        expect(page.locator("#state")).to_have_text(line_over(transport))
    over = two[NAMES[0]].locator("#again").is_visible()
    if over:
        two[NAMES[0]].click("#again")
    for page in two.values():
        expect(page.locator("#win line")).to_have_count(0)
        expect(page.locator(".cell:not([data-mark=''])")).to_have_count(0)
        expect(page.locator("#verdict")).not_to_contain_text("won")
    first = two[NAMES[0]].locator("#verdict").inner_text().startswith("Your turn")
    names = dict(zip("XO", NAMES if first else NAMES[::-1], strict=True))  # they change hands
    for mark, number in MOVES:
        mover = two[names[mark]]
        expect(mover.locator("#verdict")).to_have_text(f"Your turn: you are {mark}.")
        cell(mover, number).click()
        for page in two.values():
            expect(cell(page, number)).to_have_attribute("data-mark", mark)
            expect(cell(page, number)).not_to_contain_class("faint")
    expect(two[names["X"]].locator("#verdict")).to_have_text("You have won!")
    expect(two[names["O"]].locator("#verdict")).to_have_text(f"{names['X']} (X) has won.")
    for page in two.values():
        expect(page.locator("#win line")).to_have_count(1)
        assert page.locator(".cell.won").count() == 3
        expect(page.locator(".meter-figures")).not_to_contain_text("median–")


def test_a_player_who_leaves_is_noticed_and_one_who_comes_back_too(two):
    ada, grace = two.values()
    carry_by(grace, "short-polling")  # its lease is given back
    expect(grace.locator("#state")).to_have_text(line_over("short-polling"))
    seat = grace.url
    grace.goto("/healthz")
    expect(ada.locator(".player.away")).to_contain_text(NAMES[1])
    expect(ada.locator("#notice")).to_contain_text("left; the seat is kept")
    grace.goto(seat)
    expect(ada.locator("#notice")).to_have_text(f"{NAMES[1]} is back.")
    expect(ada.locator(".player.away")).to_have_count(0)
    expect(grace.locator("#again")).to_be_visible()


def test_on_a_phone_by_keyboard_with_somebody_watching(visitors, two):
    ada, grace = two.values()
    if ada.locator("#again").is_visible():
        ada.click("#again")
    link = ada.get_by_label("Link to this game").input_value()
    watcher = visitors.page(link, color_scheme="dark")
    watcher.keyboard.press("Enter")  # a name need not be given
    expect(ada.locator(".watchers")).to_have_text("1 person watches")
    expect(grace.locator("#win line")).to_have_count(0)
    pages = [ada, grace]
    for page in pages:
        expect(page.locator("#verdict")).to_contain_text("X")
    if not ada.locator("#verdict").inner_text().startswith("Your turn"):
        pages.reverse()
    mover, opposite = pages
    mover.locator("main").click(position={"x": 2, "y": 2})  # the focus is nowhere
    for key in ("b", "Home", "ArrowRight", "ArrowDown", "Enter"):
        mover.keyboard.press(key)
    expect(watcher.get_by_label("Row 2, column 2: X")).to_be_visible()
    expect(watcher.locator("#verdict")).to_contain_text("(O) is to move")
    # Neither may move now, nor may who watches.
    assert mover.locator('.cell[aria-disabled="false"]').count() == 0
    assert watcher.locator('.cell[aria-disabled="false"]').count() == 0
    expect(opposite.locator('.cell[aria-disabled="false"]')).to_have_count(8)
    fits_a_phone(watcher)
    fits_a_phone(mover)
    opposite.click("#leave")
    expect(mover.locator("#notice")).to_contain_text("the seat is free")
    watcher.click("#sit")
    expect(watcher.locator("#verdict")).to_have_text("Your turn: you are O.")
    expect(mover.locator("#notice")).to_contain_text("has sat down")
