"""Pieces of the portal's pages that are the same everywhere, as templates."""

from typing import Final

SHELL: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} – {organisation}</title>
<link rel="stylesheet" href="/portal.css">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<p class="ribbon">A stand-in for Apple’s portal, on this machine. Nothing here reaches Apple.</p>
<header><a class="home" href="/">{organisation}</a>{person}</header>
<main id="main">
{alert}{notice}{content}
</main>
<footer>It is {now} here.</footer>
</body>
</html>
"""

SIGNED_IN: Final = """<div class="who"><a href="/account">{account}</a><small>{role}</small>
<form method="post" action="/sign-out"><button class="quiet">Sign out</button></form></div>"""

CERTIFICATE_FIELD: Final = """<label for="certificate">Public key certificate
<small>One <code>.pem</code> or <code>.der</code> file, without any private key.</small></label>
<input id="certificate" name="certificate" type="file" accept=".pem,.der,.cer,.crt">
"""

TERMS: Final = """<section class="notice warn"><h2>New terms and conditions</h2>
<p>Until an administrator has accepted them, Apple answers every device management service with
<code>T_C_NOT_SIGNED</code>.</p>
<form method="post" action="/terms"><button>Accept</button></form></section>
"""

ADD_A_PERSON: Final = """<details><summary>Add a person</summary>
<form method="post" action="/people" class="card">
<label for="new_account">Apple account</label>
<input id="new_account" name="new_account" type="text" value="{account}" autocomplete="off"
placeholder="lee@corp.example">
<label for="role">Role</label><select id="role" name="role">{roles}</select>
<button>Add</button></form></details>
"""

APPLES_TURN: Final = """<details><summary>Be Apple for a moment</summary>
<form method="post" action="/new-terms" class="card">
<p>Publish new terms and conditions: calls are refused until an administrator accepts them.</p>
<button>Publish new terms</button></form></details>
"""

NOTICES: Final = {
    "added": "The service is saved. Download its token next.",
    "bare": "The service is saved. It needs a certificate before a token can be downloaded.",
    "certificate": "The certificate is saved. The token in use stays alive until a new one is downloaded.",
    "password": "Your password is changed.",
    "left": "The account is deleted.",
    "accepted": "The terms are accepted.",
    "published": "New terms wait for an administrator.",
    "person": "The person is added.",
}
