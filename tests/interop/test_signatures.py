"""Webhooks signed by the official Python SDK are accepted; changed, old and foreign ones are refused."""
import json
import os
import time
import unittest
import urllib.error
import urllib.request

from stripe import WebhookSignature

BASE = os.environ["SLUICEGATE_URL"]
SECRET = os.environ["WEBHOOK_SECRET"]


def event(name: str) -> str:
    return json.dumps({
        "id": f"evt_python_{os.getpid()}_{name}", "object": "event", "type": "payout.paid",
        "livemode": False, "created": int(time.time()),
        "data": {"object": {"id": "po_unknown", "object": "payout"}},
    }, indent=2)


def deliver(payload: str, header: str) -> int:
    call = urllib.request.Request(
        f"{BASE}/webhooks/listen", data=payload.encode(), method="POST",
        headers={"Content-Type": "application/json", "Stripe-Signature": header})
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


class Signatures(unittest.TestCase):
    def test_a_signed_event_is_accepted(self):
        payload = event("good")
        header = WebhookSignature.generate_signature_header(payload, SECRET)
        self.assertEqual(deliver(payload, header), 200)

    def test_a_wrong_secret_is_refused(self):
        payload = event("secret")
        header = WebhookSignature.generate_signature_header(payload, "whsec_somebody_elses")
        self.assertEqual(deliver(payload, header), 400)

    def test_an_old_timestamp_is_refused(self):
        payload = event("old")
        old = int(time.time()) - 400
        header = WebhookSignature.generate_signature_header(payload, SECRET, old)
        self.assertEqual(deliver(payload, header), 400)

    def test_a_changed_byte_is_refused(self):
        payload = event("byte")
        header = WebhookSignature.generate_signature_header(payload, SECRET)
        self.assertEqual(deliver(payload + " ", header), 400)


if __name__ == "__main__":
    unittest.main()
