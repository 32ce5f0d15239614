
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    browser = Browser(folder)
    browser.order("Page.navigate", url=BASE)
    browser.wait('location.pathname === "/login" && document.forms.length')
    browser.log_in("pass")
    browser.wait('document.getElementById("tabs") && document.getElementById("tabs").children.length')
    browser.key("7")
    browser.wait(row("pump") + f' && {row("pump")}.textContent.includes("on line")')
    browser.js(row("pump") + ".click()")
    value = '[...document.querySelectorAll(".points .point")].find((point) => point.textContent.includes("level") && point.textContent.includes("123.456 m"))'
    browser.wait(value)
    browser.js(value + ".querySelector('button').click()")
    browser.wait('document.querySelector(".chart polyline.mean")')
    browser.shoot("site")
    # The same by hand: read over the call.
    browser.js('[...document.querySelectorAll(".points .point")].find((point) => point.textContent.includes("setpoint")).querySelectorAll("button")[1].click()')
    browser.wait('document.getElementById("toast").textContent.includes("setpoint = 9 bar")')
    # Where it stands, how well the site answers, and what passes over the call.
    browser.wait(value + '.textContent.includes("unit 17 i:1 f32 ABCD")')
    browser.wait(row("pump") + '.textContent.includes(" %")')
    button = '[...document.querySelectorAll(".buttons button")].find((button) => button.textContent === "%s")'
    browser.js(button % "Trace" + ".click()")
    browser.wait('document.querySelector(".passed .begin") && document.querySelector(".passed .in") && document.querySelector(".passed .out")')
    assert "secret" not in browser.js('document.querySelector(".passed").textContent')
    # All of them, one of which isn't there.
    browser.js(button % "Read all" + ".click()")
    browser.wait('document.getElementById("toast").textContent === "1 of 4 points gave no answer."')
    browser.wait(button % "Read all")
    browser.shoot("site-trace")
    # An export that is saved by the page.
    browser.js('window.saved = []; const real = URL.createObjectURL.bind(URL); URL.createObjectURL = (blob) => { blob.text().then((text) => saved.push(text)); return real(blob); }; true')
    browser.js('document.querySelector(".chart a").click()')
    browser.wait('saved.length && saved[0].startsWith("at,value,quality\\n") && saved[0].includes(",123.456,good")')
    browser.wait('document.querySelector(".chart a").textContent === "CSV"')
    browser.key("8")
    browser.wait(row("beyond") + " || " + row("level is 123.456"))
    browser.js(row("level is 123.456") + ".click()")
    browser.wait('[...document.querySelectorAll(".buttons button")].some((button) => button.textContent === "I have seen it")')
    browser.js('[...document.querySelectorAll(".buttons button")].find((button) => button.textContent === "I have seen it").click()')
    browser.wait(row("level is 123.456") + '.textContent.includes("ada")')
    browser.shoot("alarms")
    # What it is to be asked tomorrow, and isn't after all.
    browser.key("9")
    browser.wait(row("read level") + " && " + row("read level") + '.textContent.includes("waiting")')
    browser.js(row("read level") + ".click()")
    browser.wait(button % "Take back")
    browser.shoot("wishes")
    browser.js(button % "Take back" + ".click()")
    browser.wait('document.getElementById("confirm").open')
    browser.js('document.getElementById("confirm-yes").click()')
    browser.wait(row("read level") + '.textContent.includes("withdrawn")')
    browser.wait("!" + button % "Take back")
    # The point that the unit refuses.
    complaints = [complaint for complaint in browser.complaints if "409" not in complaint]
    assert not complaints, complaints
    browser.process.kill()
