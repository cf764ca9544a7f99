"""Secrets and what only looks like one, written by who knows the rules."""

import base64
import json
import string
import zlib

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
URL = ALNUM + "-_"


def draw(chance, letters, count):
    return "".join(chance.choice(letters) for _ in range(count))


def base62(number, width):
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    text = ""
    while number:
        number, rest = divmod(number, 62)
        text = digits[rest] + text
    return text.rjust(width, "0")


def checked(chance, head):
    """A token of GitHub or npm: its last six characters are the CRC-32 of those before."""
    body = draw(chance, ALNUM, 30)
    return head + body + base62(zlib.crc32(body.encode()), 6)


def wrapped(text, width=64):
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def pem(chance, kind, size):
    return f"-----BEGIN {kind}-----\n{wrapped(coded(chance, size))}\n-----END {kind}-----\n"


def coded(chance, size):
    return base64.b64encode(chance.randbytes(size)).decode()


def ed25519(chance):
    """RFC 8410: the smallest private key there is."""
    return bytes.fromhex("302e020100300506032b657004220420") + chance.randbytes(32)


def password(chance):
    return draw(chance, ALNUM, 9) + chance.choice("!#%") + draw(chance, string.digits, 2) + draw(chance, ALNUM, 4)


def planted(chance):
    """(kind, file name, text, the secret)"""
    token = checked(chance, "ghp" + "_")
    yield "github-in-log", "build.log", f"cloning\nfatal: could not read with {token}\n", token
    token = checked(chance, "npm" + "_")
    yield "npm-in-npmrc", ".npmrc", f"//registry.corp.internal/:_authToken={token}\n", token
    token = "gl" + "pat-" + draw(chance, URL, 20)
    yield "gitlab-in-ci", "ci.yml", f"deploy:\n  script: curl -H 'PRIVATE-TOKEN: {token}' $API\n", token
    name, token = "AK" + "IA" + draw(chance, string.ascii_uppercase + "234567", 16), coded(chance, 30)
    yield "aws-pair", "credentials", f"[default]\naws_access_key_id = {name}\naws_secret_access_key = {token}\n", token
    parts = [draw(chance, string.digits, 12), draw(chance, string.digits, 12), draw(chance, ALNUM, 24)]
    token = "xo" + "xb-" + "-".join(parts)
    yield "slack-in-source", "bot.py", f'client = WebClient("{token}")\n', token
    token = "s" + "k_live_" + draw(chance, ALNUM, 24)
    yield "stripe-minified", "app.min.js", f"function a(e){{return b(e,'{token}')}}var c=a(1);", token
    token = "AI" + "za" + draw(chance, URL, 35)
    yield "google-in-json", "google-services.json", json.dumps({"api_key": [{"current_key": token}]}), token
    token = "S" + "G." + draw(chance, URL, 22) + "." + draw(chance, URL, 43)
    yield "sendgrid-in-env", ".env", f"PORT=80\nMAIL={token}\n", token
    token = "dp" + ".pt." + draw(chance, ALNUM, 43)
    yield "doppler-in-shell", "up.sh", f"#!/bin/sh\ndoppler run --token {token} -- app\n", token
    token = "hf" + "_" + draw(chance, string.ascii_letters, 34)
    yield "huggingface-in-notebook", "a.ipynb", json.dumps({"cells": [{"source": [f"login('{token}')\n"]}]}), token
    token = "dckr" + "_pat_" + draw(chance, URL, 27)
    yield "docker-in-history", ".bash_history", f"ls\ndocker login -u bot -p {token}\n", token
    token = "sq" + "0atp-" + draw(chance, URL, 22)
    yield "square-in-java", "Pay.java", f'class Pay {{ static final String T = "{token}"; }}\n', token
    token = "NR" + "AK-" + draw(chance, string.ascii_uppercase + string.digits, 27)
    yield "newrelic-in-yaml", "newrelic.yml", f"common:\n  user: '{token}'\n", token
    # All tokens of that registry begin alike.
    token = "pypi" + "-AgEIcHlwaS5vcmc" + draw(chance, URL, 150)
    yield "pypi-in-pypirc", ".pypirc", f"[pypi]\nusername = __token__\npassword = {token}\n", token
    for kind, size in [("RSA PRIVATE KEY", 600), ("EC PRIVATE KEY", 121), ("PRIVATE KEY", 138), ("DSA PRIVATE KEY", 450)]:
        text = pem(chance, kind, size)
        yield f"pem-{kind.split()[0].lower()}", "key.pem", text, text.split("\n")[1]
    text = pem(chance, "OPENSSH PRIVATE KEY", 300)
    yield "openssh-in-yaml", "secrets.yml", "key: |\n" + "".join(f"  {line}\n" for line in text.splitlines()), text.split("\n")[1]
    der = base64.b64encode(ed25519(chance)).decode()
    text = f"-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n"
    yield "pem-escaped", "account.json", json.dumps({"type": "service_account", "private_key": text}), der
    yield "pem-in-base64", "values.yaml", f"tls:\n  blob: {base64.b64encode(text.encode()).decode()}\n", der
    token = draw(chance, ALNUM, 14)
    yield "postgres-url", "database.yml", f"production:\n  url: postgres://app:{token}@db.corp.internal/app\n", token
    token = draw(chance, ALNUM, 16)
    yield "redis-url", "settings.py", f"CACHE = 'redis://:{token}@cache.corp.internal:6379/0'\n", token
    token = password(chance)
    yield "netrc", ".netrc", f"machine git.corp.internal\n  login deploy\n  password {token}\n", token
    token = draw(chance, ALNUM, 18)
    yield "pgpass", ".pgpass", f"db.corp.internal:5432:app:app:{token}\n", token
    token = base64.b64encode(f"bot:{password(chance)}".encode()).decode()
    yield "docker-config", "config.json", json.dumps({"auths": {"r.corp.internal": {"auth": token}}}), token
    token = draw(chance, URL, 40)
    yield "bearer-in-log", "access.log", f"> GET /v1 HTTP/1.1\n> Authorization: Bearer {token}\n", token
    token = draw(chance, ALNUM, 32)
    yield "api-key-in-toml", "config.toml", f'[service]\napi_key = "{token}"\n', token
    token = draw(chance, HEX, 64)
    yield "rails-secret", "secrets.yml", f"production:\n  secret_key_base: {token}\n", token
    token = password(chance)
    yield "properties", "application.properties", f"spring.datasource.password={token}\n", token
    token = draw(chance, ALNUM, 32)
    yield "xml-setting", "web.config", f'<add key="ClientSecret" value="{token}"/>\n', token
    token = base64.b64encode(password(chance).encode()).decode()
    yield "kubernetes", "secret.yaml", f"apiVersion: v1\nkind: Secret\ndata:\n  password: {token}\n", token
    token = draw(chance, ALNUM, 40)
    yield "wide-text", "setup.reg", ("\ufeff[app]\r\n\"ApiToken\"=\"" + token + "\"\r\n").encode("utf-16-le"), token


def harmless(chance):
    """(kind, file name, text)"""
    digest, uuid = draw(chance, HEX, 64), "-".join(draw(chance, HEX, size) for size in [8, 4, 4, 4, 12])
    yield "uuid", "request.log", f"request {uuid} took 3 ms\n"
    yield "uuid-token", "device.json", json.dumps({"deviceId": uuid, "tokenType": "bearer"})
    yield "sums", "SHA256SUMS", "".join(f"{draw(chance, HEX, 64)}  file{at}\n" for at in range(30))
    yield "commit", "CHANGELOG.md", f"- fix the token parser ({draw(chance, HEX, 40)})\n"
    yield "image-digest", "deploy.yml", f"image: registry/app@sha256:{digest}\n"
    yield "package-lock", "package-lock.json", json.dumps({"integrity": "sha512-" + coded(chance, 64)})
    yield "cargo-lock", "Cargo.lock", f'name = "secrecy"\nversion = "0.8.0"\nchecksum = "{digest}"\n'
    yield "go-sum", "go.sum", f"example.com/token v1.0.0 h1:{coded(chance, 32)}\n"
    yield "pip-hashes", "requirements.txt", f"keyring==24.0 --hash=sha256:{digest}\n"
    yield "public-key", "key.pub", f"-----BEGIN PUBLIC KEY-----\n{wrapped(coded(chance, 91))}\n-----END PUBLIC KEY-----\n"
    yield "certificate", "ca.pem", f"-----BEGIN CERTIFICATE-----\n{wrapped(coded(chance, 700))}\n-----END CERTIFICATE-----\n"
    yield "ssh-public", "authorized_keys", f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{coded(chance, 32)[:43]} me@host\n"
    yield "known-hosts", "known_hosts", f"|1|{coded(chance, 20)}|{coded(chance, 20)} ssh-rsa AAAAB3NzaC1yc2E{coded(chance, 270)}\n"
    yield "aws-example", "README.md", "AKIA" + "IOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
    yield "github-wrong-sum", "test_tokens.py", f'assert not valid("gh' + f'p_{draw(chance, ALNUM, 29)}0000000")\n'
    yield "placeholders", "config.sample", 'password = "changeme"\ntoken = "<your-token>"\nsecret: "your-secret-here"\n'
    yield "variables", "deploy.sh", "export API_TOKEN=${API_TOKEN:?}\ncurl -u \"$USER:$PASSWORD\" \"$URL\"\n"
    yield "template", "values.tpl", "password: {{ .Values.password | b64enc }}\napi_key: ${{ secrets.API_KEY }}\n"
    yield "reads-env", "settings.py", "SECRET_KEY = os.environ['SECRET_KEY']\nPASSWORD = getpass.getpass()\n"
    yield "lexer", "parser.rs", "let token = self.next_token(); let secret = SharedSecret::from(bytes);\n"
    yield "minified", "app.min.js", "function a(e){return e.token=t.getToken(n,r),e.secret=o,e.password=l(p)}" * 20
    yield "image", "style.css", f".a{{background:url(data:image/png;base64,{coded(chance, 3000)})}}\n"
    yield "source-map", "app.js.map", json.dumps({"version": 3, "mappings": ";".join(draw(chance, ALNUM + "+/", 40) for _ in range(60))})
    yield "translations", "de.json", json.dumps({"password": "Passwort", "forgot_password": "Passwort vergessen?", "token": "Marke"})
    yield "jwt-example", "auth.md", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c\n"
    yield "empty-pem", "crypto.md", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n"
    yield "url-example", "api.md", "https://user:password@example.com/ or ftp://anonymous:guest@ftp.example.org/\n"
    yield "url-template", "client.go", 'url := fmt.Sprintf("postgres://%s:%s@%s/db", user, password, host)\n'
    yield "assembly-token", "app.config", "<assemblyIdentity name=\"x\" publicKeyToken=\"b77a5c561934e089\" />\n"
    yield "public-jwk", "jwks.json", json.dumps({"kty": "EC", "crv": "P-256", "x": draw(chance, URL, 43), "y": draw(chance, URL, 43)})
    yield "netrc-example", "manual.txt", "machine example.com login USER password PASSWORD\n"
    yield "token-hash", "audit.csv", "".join(f"{at},token_sha256,{draw(chance, HEX, 64)}\n" for at in range(20))
    yield "test-vector", "hkdf.txt", f"IKM  = 0x{draw(chance, HEX, 44)}\nsalt = 0x{draw(chance, HEX, 26)}\nOKM  = 0x{draw(chance, HEX, 84)}\n"
    yield "etag", "response.txt", f'ETag: "{draw(chance, HEX, 32)}"\nX-Request-Id: {uuid}\n'
