
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
    browser.key("8")
    browser.wait(row("beyond") + " || " + row("level is 123.456"))
    browser.js(row("level is 123.456") + ".click()")
    browser.wait('[...document.querySelectorAll(".buttons button")].some((button) => button.textContent === "I have seen it")')
    browser.js('[...document.querySelectorAll(".buttons button")].find((button) => button.textContent === "I have seen it").click()')
    browser.wait(row("level is 123.456") + '.textContent.includes("ada")')
    browser.shoot("alarms")
    assert not browser.complaints, browser.complaints
    browser.process.kill()
