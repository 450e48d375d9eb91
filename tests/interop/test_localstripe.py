"""The same runtime against localstripe, a third-party Stripe double, as far as it goes."""
import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

BINARY = os.environ["SLUICEGATE_BIN"]
ROOT = os.environ["SLUICEGATE_ROOT"]
KEY = "sk_test_sluicegate_sandbox"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LocalStripe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.url = f"http://127.0.0.1:{cls.port}"
        start = ("from aiohttp import web; from localstripe.server import app; "
                 f"web.run_app(app, host='127.0.0.1', port={cls.port}, print=None)")
        # It stores its data in the working directory or /tmp; give it its own.
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = subprocess.Popen([sys.executable, "-c", start], cwd=cls.folder.name,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", cls.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        wipe = urllib.request.Request(f"{cls.url}/_config/data", method="DELETE")
        urllib.request.urlopen(wipe, timeout=10).close()

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait(timeout=10)
        cls.folder.cleanup()

    def call(self, name: str, data: dict) -> dict:
        done = subprocess.run(
            [BINARY, "call", name, "--json", "--root", ROOT, "--stripe", self.url,
             "--data", json.dumps(data)], capture_output=True, text=True, timeout=60)
        self.assertTrue(done.stdout.strip(), f"{name} printed nothing: {done.stderr}")
        return json.loads(done.stdout)

    def stripe(self, path: str, form: dict | None = None) -> dict:
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        call = urllib.request.Request(f"{self.url}{path}", data=body)
        call.add_header("Authorization", "Basic " + base64.b64encode(f"{KEY}:".encode()).decode())
        with urllib.request.urlopen(call, timeout=10) as answer:
            return json.load(answer)

    def token(self, number: str = "4242424242424242") -> str:
        return self.stripe("/v1/tokens", {
            "card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2040",
            "card[cvc]": "123"})["id"]

    def test_a_customer_pays_captures_and_is_refunded(self):
        customer = self.call("create_customer", {"email": "ada@example.com", "source": self.token()})
        self.assertEqual(customer["state"], "completed", customer)
        held = self.call("create_payment", {
            "amount": 900, "currency": "usd", "customer": customer["gateway"]["id"],
            "capture": False})
        self.assertEqual(held["state"], "completed", held)
        self.assertEqual(held["record"]["properties"]["state"], "authorized")
        captured = self.call("capture_payment", {"gateway_id": held["gateway"]["id"]})
        self.assertEqual(captured["record"]["properties"]["state"], "paid", captured)
        refund = self.call("create_refund", {"charge": held["gateway"]["id"]})
        self.assertEqual(refund["state"], "completed", refund)
        charge = self.stripe(f"/v1/charges/{held['gateway']['id']}")
        self.assertEqual(charge["amount_refunded"], 900)

    def test_a_second_card_is_added_and_removed(self):
        customer = self.call("create_customer", {"email": "bob@example.com"})
        self.assertEqual(customer["state"], "completed", customer)
        owner = customer["gateway"]["id"]
        card = self.call("create_credit_card", {"customer_id": owner, "source": self.token()})
        self.assertEqual(card["state"], "completed", card)
        gone = self.call("delete_credit_card", {
            "id": card["record"]["id"], "customer_id": owner, "gateway_id": card["gateway"]["id"]})
        self.assertEqual(gone["state"], "completed", gone)


if __name__ == "__main__":
    unittest.main()
