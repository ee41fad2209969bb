"""What the pages tell a newcomer to type works as it stands: the shop, a customer who signs in and books, those who work there."""

import re
import subprocess
import unittest

import musubi

FENCE = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)


def typed(page):
    """What the page has the reader type, save the start of the server."""
    blocks = FENCE.findall((musubi.ROOT / "docs" / page).read_text())
    return [block for block in blocks if "cargo run" not in block]


class Pages(unittest.TestCase):
    def test_a_newcomer_opens_a_shop_a_customer_books_and_colleagues_come(self):
        for engine in musubi.engines():
            with self.subTest(engine=engine), musubi.Api(engine.url) as api:
                customer = typed("first-shop.md") + typed("first-person.md")
                said = self.type_in(api, customer + typed("first-colleague.md"))
                steps = re.split(r"^@@ step \d+\n", said, flags=re.M)[1:]
                own = next(step for step in steps if '"items"' in step and "booking_number" in step)
                self.assertIn('"status":"confirmed"', own)
                self.assertTrue(own.rstrip().endswith("cancelled"), own)
                self.assertIn('"current":true', steps[len(customer) - 1])
                self.assertEqual([step for step in steps if "•••-5678" in step], [steps[-4]])
                self.assertEqual(steps[-1].strip(), "support")
                booked = "SELECT COUNT(*) FROM bookings b JOIN customers c ON c.id = b.customer_id WHERE c.user_id IS NOT NULL"
                self.assertEqual(musubi.number(engine, booked), 1)
                self.assertEqual(musubi.number(engine, "SELECT COUNT(*) FROM two_factor WHERE confirmed_at IS NOT NULL"), 1)
                ended = "SELECT COUNT(*) FROM sessions WHERE revoke_reason = 'signed_out'"
                self.assertEqual(musubi.number(engine, ended), 1)

    def test_a_newcomer_tells_a_customer_and_a_system_of_the_shop(self):
        for engine in musubi.engines():
            with self.subTest(engine=engine), musubi.Api(engine.url, "--webhook-networks", "127.0.0.0/8") as api:
                page = typed("first-message.md")
                said = self.type_in(api, typed("first-shop.md") + page)
                steps = re.split(r"^@@ step \d+\n", said, flags=re.M)[1:][-len(page):]
                settings, first, seen, own, heard, line, failed = steps
                self.assertIn('"quiet_hours":null', settings)
                self.assertIn("鈴木 太郎 様", first)
                self.assertIn('"notification_type":"reminder"', seen)
                self.assertIn("取り消", seen)
                self.assertTrue(seen.rstrip().endswith("cancelled"), seen)
                self.assertRegex(own.rstrip(), "鈴木 太郎 様、.*にお会いしましょう。$")
                self.assertRegex(heard, r"\nwhsec_\S+\n|^whsec_\S+\n")
                self.assertIn('"type":"booking.created"', heard)
                self.assertIn('"status":"delivered"', heard)
                self.assertTrue(line.rstrip().endswith('{"taken":1}'), line)
                self.assertIn('"items":[]', failed)

    def type_in(self, api, blocks):
        """The blocks in one shell; its output, with a mark before each. The first that fails ends it."""
        script = "".join(f"echo '@@ step {number}'\n{block}\necho\n" for number, block in enumerate(blocks, 1))
        script = script.replace("http://127.0.0.1:8080", f"http://{api.host}:{api.port}")
        environment = musubi.clean_environment(MUSUBI_OPERATOR_KEY=musubi.OPERATOR_KEY, OUTBOX=str(api.folder / "data" / "outbox"))
        command = ["bash", "-euo", "pipefail", "-c", script]
        ended = subprocess.run(command, env=environment, cwd=api.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr + api.log())
        return ended.stdout


if __name__ == "__main__":
    unittest.main()
