"""Tic-tac-toe as its players see it: in a real browser, over each transport."""

import pytest
from people import OUTSIDE, SMALL, TOGETHER, people

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

#: X wins on the diagonal.
MOVES = [("X", 0), ("O", 1), ("X", 4), ("O", 2), ("X", 8)]


def cell(page, number):
    return page.get_by_label(f"Row {number // 3 + 1}, column {number % 3 + 1}:")


@pytest.mark.parametrize("transports", TOGETHER)
def test_two_play_a_whole_game(browser, site, transports):
    with people(browser, site.url) as some:
        games = {}
        for transport in transports:
            first = some.page(f"/tictactoe?transport={transport}")
            first.fill("#name", "Ada")
            first.click("#enter")
            games[transport] = {"X": first}
        for transport, game in games.items():
            link = game["X"].get_by_label("Link to this game").input_value()
            assert "token" not in link
            expect(game["X"].locator("#verdict")).to_contain_text("pass on the link")
            second = some.page(f"{link}&transport={transport}")
            second.fill("#name", "Grace <b>")
            second.click("#enter")
            game["O"] = second
        for game in games.values():
            expect(game["X"].locator("#players")).to_contain_text("Grace <b>")
        for mark, number in MOVES:
            for game in games.values():
                expect(game[mark].locator("#verdict")).to_have_text(f"Your turn: you are {mark}.")
                cell(game[mark], number).click()
            for transport, game in games.items():
                for page in game.values():
                    where = cell(page, number)
                    expect(where, transport).to_have_attribute("data-mark", mark)
                    expect(where, transport).not_to_have_class("cell faint")
        for game in games.values():
            expect(game["X"].locator("#verdict")).to_have_text("You have won!")
            expect(game["O"].locator("#verdict")).to_have_text("Ada (X) has won.")
            for page in game.values():
                expect(page.locator("#win line")).to_have_count(1)
                assert page.locator(".cell.won").count() == 3
                expect(page.locator(".meter-figures")).not_to_contain_text("median–")
            game["O"].click("#again")
        for game in games.values():  # marks change hands
            expect(game["O"].locator("#verdict")).to_have_text("Your turn: you are X.")
            expect(game["X"].locator("#win line")).to_have_count(0)
            expect(game["X"].locator("#verdict")).to_have_text("Grace <b> (X) is to move.")
            game["seat"] = game["O"].url
            game["O"].goto("/healthz")  # the page is gone; its player may come back
        for transport, game in games.items():
            expect(game["X"].locator(".player.away"), transport).to_contain_text("Grace <b>left")
            expect(game["X"].locator("#notice")).to_contain_text("left")
        for game in games.values():
            game["O"].goto(game["seat"])
        for transport, game in games.items():
            expect(game["X"].locator("#notice"), transport).to_contain_text("is back")
            expect(game["X"].locator(".player.away")).to_have_count(0)
            expect(game["O"].locator("#verdict")).to_have_text("Your turn: you are X.")


def test_on_a_phone_by_keyboard_with_somebody_watching(browser, site):
    with people(browser, site.url) as some:
        ada = some.page("/tictactoe?game=by-keyboard", width=390, color_scheme="dark")
        ada.keyboard.press("Enter")  # a name need not be given
        expect(ada.locator("#state")).to_contain_text("Open")
        grace = some.page("/tictactoe?game=by-keyboard")
        grace.click("#enter")
        watcher = some.page("/tictactoe?game=by-keyboard", width=390)
        watcher.click("#enter")
        expect(ada.locator(".watchers")).to_have_text("1 person watches")
        expect(ada.locator("#verdict")).to_have_text("Your turn: you are X.")
        ada.keyboard.press("b")
        ada.keyboard.press("ArrowRight")
        ada.keyboard.press("ArrowDown")
        ada.keyboard.press("Enter")
        expect(watcher.get_by_label("Row 2, column 2: X")).to_be_visible()
        expect(watcher.locator("#verdict")).to_contain_text("(O) is to move")
        # Neither may move now, nor may who watches.
        assert ada.locator('.cell[aria-disabled="false"]').count() == 0
        assert watcher.locator('.cell[aria-disabled="false"]').count() == 0
        expect(grace.locator('.cell[aria-disabled="false"]')).to_have_count(8)
        for page in (ada, watcher):
            assert page.evaluate(OUTSIDE) == []
            assert page.evaluate(SMALL) == []
        grace.click("#leave")
        expect(ada.locator("#notice")).to_contain_text("left")
