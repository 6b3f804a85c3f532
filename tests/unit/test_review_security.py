from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.review_server import COOKIE, ORIGIN, PORT, TOKEN, Client, drawn_page, served
from tests.reviews import field

EVERYTHING = ["/", "/static/main.js", "/api/session", "/api/queue", "/api/items/1", "/api/items/1/crop.png"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("review")
    with served(folder, drawn_page(folder / "a.png", field("name", "AB", doubtful=[0]))) as client:
        yield client


def decision(item: int = 1) -> dict[str, object]:
    return {"item": item, "pass": 1, "reviewer": "ann", "verdict": "corrected", "value": "XY"}


def test_the_token_in_the_address_is_exchanged_for_a_cookie_that_scripts_and_others_cannot_use(client: Client) -> None:
    response = client.ask(f"/?token={TOKEN}", cookie=None)
    assert response.status_code == 303
    assert response.headers["location"] == "/"
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}={TOKEN};")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.ask("/").status_code == 200


@pytest.mark.parametrize("path", EVERYTHING)
@pytest.mark.parametrize("cookie", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "\xe4"])
def test_without_the_right_cookie_nothing_is_answered(client: Client, path: str, cookie: str | None) -> None:
    response = client.ask(path, cookie=cookie)
    assert response.status_code == 403
    assert "hcr-scan review printed" in response.text


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], "%00", "%ff"])
def test_a_wrong_token_gives_no_cookie(client: Client, token: str) -> None:
    response = client.ask(f"/?token={token}", cookie=None)
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil.example:{PORT}", ""]
)
def test_another_host_is_refused_even_with_cookie_and_token(client: Client, host: str) -> None:
    for path in (*EVERYTHING, f"/?token={TOKEN}"):
        response = client.ask(path, headers={"Host": host})
        assert response.status_code == 421
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"])
def test_every_name_of_this_machine_is_a_host(client: Client, host: str) -> None:
    assert client.ask("/api/session", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", f"http://127.0.0.1:{PORT + 1}", "null", f"https://127.0.0.1:{PORT}", ""]
)
@pytest.mark.parametrize("path", ["/api/decisions", "/api/glyphs", "/api/undo"])
def test_writes_from_another_origin_or_from_none_change_nothing(client: Client, path: str, origin: str) -> None:
    response = client.ask(path, "POST", headers={"Origin": origin}, json=decision())
    assert response.status_code == 403
    assert client.review.store.decisions(1) == []


def test_pages_of_other_ports_of_this_machine_cannot_read_or_write(client: Client) -> None:
    # They count as the same site, so the browser sends the cookie along.
    for path in EVERYTHING[1:]:
        assert client.ask(path, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    crossed = {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN}
    assert client.ask("/api/decisions", "POST", headers=crossed, json=decision()).status_code == 403


@pytest.mark.parametrize("path", ["/", "/api/items/1", "/api/items/999", "/static/main.js", "/?token=x", "/nothing"])
def test_every_answer_forbids_what_a_page_of_text_needs_not(client: Client, path: str) -> None:
    headers = client.ask(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../application.py", "/static/%2e%2e/application.py", "/static/..%2fapplication.py",
        "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/api/items/..%2f1", "/api/items/1%00", "/api/items/-1",
        "/api/items/1e3", "/api/items/99999999999999999999", "/api/items/%d9%a1", "/api/pages/../../etc/passwd.jpg",
        "/api/pages/x.jpg", "/api/items/1/glyphs/9.png", "/api/items/1/glyphs/-1.png", "/api/queue?after=99",
        "/api/queue?path=/etc/passwd", "/api/queue?state=x", "/api/queue?pass=9", "/api/queue?limit=x",
    ],
)  # fmt: skip
def test_addresses_that_are_none_of_ours_give_nothing(client: Client, path: str) -> None:
    response = client.ask(path)
    assert response.status_code in (400, 404)
    assert "root:" not in response.text
    assert "import" not in response.text


@pytest.mark.parametrize(
    "values",
    [
        {}, {"item": "x"}, {"item": 99}, {"item": True}, {"item": 1.5}, {"item": 1, "verdict": "fine"},
        decision() | {"value": None}, decision() | {"value": "X" * 2001}, decision() | {"reviewer": 5},
        decision() | {"pass": 4}, decision() | {"pass": 0}, decision() | {"item": 2**70}, decision() | {"verdict": []},
    ],
)  # fmt: skip
def test_decisions_that_our_page_never_sends_are_refused(client: Client, values: dict[str, object]) -> None:
    assert client.ask("/api/decisions", "POST", json=values).status_code in (400, 404)
    assert client.review.store.decisions(1) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 60_000, b'{"value": "' + b"x" * 70_000 + b'"}'])
def test_bodies_that_are_no_small_json_object_are_refused(client: Client, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.ask("/api/decisions", "POST", headers=headers, content=content).status_code == 400


def test_a_form_cannot_write(client: Client) -> None:
    headers = {"Content-Type": "text/plain"}
    assert client.ask("/api/decisions", "POST", headers=headers, content=b"{}").status_code == 400


def test_only_the_methods_that_there_are(client: Client) -> None:
    assert client.ask("/api/decisions").status_code == 405
    assert client.ask("/api/queue", "POST", json={}).status_code == 405
    assert client.ask("/", "DELETE", headers={"Origin": ORIGIN}).status_code == 405


def test_a_script_in_a_file_name_or_value_is_sent_as_json_alone(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    name = tmp_path / "<img src=x onerror=alert(1)>.png"
    with served(tmp_path, drawn_page(name, field("name", "AB", doubtful=[0]))) as client:
        client.decide(1, evil)
        response = client.ask("/api/items/1")
        assert response.headers["content-type"] == "application/json"
        assert response.json()["decision"]["value"] == evil
        assert response.json()["page"]["file"].endswith("<img src=x onerror=alert(1)>.png")
        assert evil not in client.ask("/").text


def test_without_any_cookie_it_is_said_that_the_browser_must_keep_it(client: Client) -> None:
    refused = client.ask("/", cookie=None)
    assert refused.status_code == 403
    assert "allow cookies for this page" in refused.text
    # One that came with the cookie of another start has no trouble with cookies.
    assert "allow cookies" not in client.ask("/", cookie="other").text
