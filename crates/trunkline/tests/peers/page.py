# An operator at the page, in Chromium: driven over its debugging pipe, so that nothing but a browser is needed.
#
#   page.py BASE EQUIPMENT EXCHANGE SCREENSHOTS DESK
import base64, json, os, socket, subprocess, sys, tempfile, termios, time, tty

BASE, EQUIPMENT, EXCHANGE, SHOTS, DESK = sys.argv[1:6]
PATIENCE = 60


class Browser:
    def __init__(self, folder):
        to_read, self.orders = os.pipe()
        self.answers, to_write = os.pipe()

        def wire():
            # By way of numbers that are nobody's yet, since 3 and 4 may be among the four.
            os.dup2(to_read, 103)
            os.dup2(to_write, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        self.process = subprocess.Popen(
            ["/usr/bin/chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--remote-debugging-pipe", "--user-data-dir=" + folder, "--window-size=1280,800", "about:blank"],
            preexec_fn=wire, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number, self.heard, self.session, self.complaints = 0, b"", None, []
        pages = [target for target in self.order("Target.getTargets")["targetInfos"] if target["type"] == "page"]
        self.session = self.order("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.order(domain + ".enable")

    def hear(self):
        while b"\0" not in self.heard:
            piece = os.read(self.answers, 1 << 16)
            if not piece:
                raise SystemExit("the browser has ended")
            self.heard += piece
        message, self.heard = self.heard.split(b"\0", 1)
        return json.loads(message)

    def order(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session and not method.startswith("Target."):
            message["sessionId"] = self.session
        os.write(self.orders, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.hear()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            if answer["method"] == "Runtime.exceptionThrown":
                self.complaints.append(answer["params"]["exceptionDetails"]["text"])
            if answer["method"] == "Log.entryAdded" and answer["params"]["entry"]["level"] == "error":
                self.complaints.append(answer["params"]["entry"]["text"])

    def js(self, text):
        result = self.order("Runtime.evaluate", expression=text, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            return None
        return result["result"].get("value")

    def wait(self, text):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.js(f"!!({text})"):
                return
            time.sleep(0.05)
        self.shoot("failed")
        raise SystemExit(f"never: {text}\n{self.js('document.body.innerText')}\n{self.complaints}")

    def key(self, key):
        text = key if len(key) == 1 else ""
        self.order("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.order("Input.dispatchKeyEvent", type="keyUp", key=key)

    def shoot(self, name):
        with open(os.path.join(SHOTS, name + ".png"), "wb") as file:
            file.write(base64.b64decode(self.order("Page.captureScreenshot")["data"]))

    def resize(self, width, height):
        self.order("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def click(self, words):
        button = f'[...document.querySelectorAll(".buttons button")].find((button) => button.textContent === "{words}")'
        self.wait(button)
        self.js(button + ".click()")
        self.wait('document.getElementById("confirm").open')
        self.js('document.getElementById("confirm-yes").click()')
        self.wait('!document.getElementById("confirm").open')

    def log_in(self, password):
        self.js(f"""document.querySelector("[name=name]").value = "ada";
            document.querySelector("[name=password]").value = "{password}";
            document.querySelector("form").submit()""")


def row(text):
    return f'[...document.querySelectorAll(".body .row")].find((row) => row.textContent.includes("{text}"))'


def dial():
    host, port = EQUIPMENT.rsplit(":", 1)
    equipment = socket.create_connection((host, int(port)), PATIENCE)
    equipment.sendall(b"ATDT" + EXCHANGE.encode() + b"\r")
    seen = b""
    for prompt, words in ((b"login:", b"site\r"), (b"Password:", b"secret\r"), (b"READY", b"")):
        while prompt not in seen:
            piece = equipment.recv(4096)
            assert piece, seen
            seen += piece
        equipment.sendall(words)
    return equipment


def dial_by_modem():
    desk = os.open(DESK, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(desk, termios.TCSANOW)
    os.write(desk, b"ATDT5551212\r")
    seen = b""
    while b"login:" not in seen:
        piece = os.read(desk, 4096)
        assert piece, seen
        seen += piece
    return desk


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    browser = Browser(folder)
    browser.order("Page.navigate", url=BASE)
    browser.wait('location.pathname === "/login" && document.forms.length')
    browser.log_in("guess")
    browser.wait('document.body.innerText.includes("That name and password don\'t match")')
    # The browser itself remarks that a login was refused; the page has nothing to complain of from here on.
    browser.complaints.clear()
    browser.log_in("pass")
    browser.wait(row("pump"))

    equipment = dial()
    browser.wait(row("online") + '.querySelectorAll(".lamp.on").length === 2')
    equipment.sendall(b"Schall und Rauch")
    browser.wait('document.getElementById("figure-calls").textContent !== "0"')
    browser.shoot("lines")

    browser.js(row("pump") + ".click()")
    browser.key("t")
    browser.wait('document.querySelector(".tracing .note").textContent.includes("Passwords are not shown")')
    equipment.sendall(b"0123456789")
    browser.wait('document.querySelector(".trace").textContent.includes("30 31 32 33 34 35 36 37  38 39")')
    browser.shoot("trace")

    # Orders are for those who mean them.
    hang_up = '[...document.querySelectorAll(".buttons button")].find((button) => button.textContent === "Hang up")'
    browser.js(hang_up + ".click()")
    browser.wait('document.getElementById("confirm").open')
    browser.js('document.getElementById("confirm-no").click()')
    browser.wait('!document.getElementById("confirm").open')
    assert browser.js(f"!!{row('online')}"), "hung up without being meant"
    browser.js(hang_up + ".click()")
    browser.wait('document.getElementById("confirm").open')
    browser.js('document.getElementById("confirm-yes").click()')
    browser.wait(f"!{row('online')}")
    seen = b""
    while b"NO CARRIER" not in seen:
        piece = equipment.recv(4096)
        assert piece, seen
        seen += piece

    busy = '[...document.querySelectorAll(".buttons button")].find((button) => button.textContent === "Busy out")'
    browser.wait(busy)
    browser.js(busy + ".click()")
    browser.wait('document.getElementById("confirm").open')
    browser.js('document.getElementById("confirm-yes").click()')
    browser.wait(row("busied out"))

    browser.key("Escape")
    browser.key("5")
    browser.wait(row("pump"))
    browser.key("6")
    browser.wait(row("wrong name or password"))

    # Real modems and hunt groups, live.
    browser.key("2")
    browser.wait(row("rack-1") + '.textContent.includes("idle")')
    browser.wait(row("rack-2") + '.textContent.includes("absent")')
    desk = dial_by_modem()
    browser.wait(row("rack-1") + '.textContent.includes("online")')
    browser.wait(row("rack-1") + '.textContent.includes("777")')
    browser.shoot("modems")
    browser.key("3")
    browser.wait(row("hall") + '.textContent.includes("rack-1 online")')
    browser.wait(row("hall") + '.textContent.includes("pump busied out")')
    browser.wait(row("hall") + '.textContent.includes("0 of 3")')
    browser.js(row("hall") + ".click()")
    browser.wait('document.getElementById("detail").innerText.includes("linear")')
    browser.shoot("groups")
    browser.key("Escape")
    browser.key("4")
    # What a call travels on is known while it lasts.
    browser.wait(row("5551212") + '.textContent.includes("modem")')
    browser.wait(row("777") + '.textContent.includes("tcp")')
    browser.shoot("calls")
    browser.resize(400, 800)
    for shot, key in (("calls", "4"), ("groups", "3"), ("modems", "2")):
        browser.key(key)
        browser.wait('document.querySelectorAll(".body .row").length')
        browser.shoot(shot + "-narrow")
    browser.resize(1280, 800)
    browser.js(row("rack-1") + ".click()")
    browser.click("Hang up")
    browser.wait(row("rack-1") + '.textContent.includes("idle")')
    browser.click("Busy out")
    browser.wait(row("rack-1") + '.textContent.includes("busied out")')
    browser.click("Put back into service")
    browser.wait(f'!{row("busied out")}')
    os.close(desk)
    browser.key("Escape")
    browser.key("6")
    browser.wait(row("wrong name or password"))
    browser.js('(() => { const search = document.getElementById("search"); search.value = "nobody"; search.dispatchEvent(new Event("input")); })()')
    browser.wait('document.querySelector(".nothing").innerText.includes("Nothing found")')
    assert not browser.complaints, browser.complaints

    browser.js('document.getElementById("logout").click()')
    browser.wait('location.pathname === "/login"')
    browser.order("Browser.close")
    browser.process.wait(PATIENCE)
