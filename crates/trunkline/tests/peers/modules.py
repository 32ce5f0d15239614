"""What an application with a GSM modem does, by the library that many of them use."""

import os
import sys
import threading

from gsmmodem.exceptions import CmsError, IncorrectPinError, PinRequiredError
from gsmmodem.modem import GsmModem

arrived = threading.Event()
messages = []


def on_message(message):
    messages.append((message.number, message.text))
    arrived.set()


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r}, not {wanted!r}")


first = GsmModem(sys.argv[1], 115200)
try:
    first.connect()
    sys.exit("no PIN was asked for")
except PinRequiredError:
    first.close()
try:
    first.connect("9999")
    sys.exit("any PIN will do")
except IncorrectPinError:
    first.close()
first.connect("2468")
expect("maker", first.manufacturer, " WAVECOM MODEM")
expect("model", first.model, " MULTIBAND  900E  1800  G850  1900")
expect("IMEI", first.imei, "004999010640000")
expect("IMSI", first.imsi, "001010123456789")
first.waitForNetworkCoverage(20)
expect("signal", first.signalStrength, 17)
expect("operator", first.networkName, "Example Net")

second = GsmModem(sys.argv[2], 115200, smsReceivedCallbackFunc=on_message)
second.connect()

# PDU mode, then text mode.
texts = ["hello in PDU mode, with ÄÖ€", "hello in text mode"]
for text, text_mode in zip(texts, [False, True]):
    first.smsTextMode = text_mode
    second.smsTextMode = text_mode
    arrived.clear()
    first.sendSms("+4917000002", text)
    if not arrived.wait(20):
        sys.exit("no message arrived")
expect("messages", messages, [("+4917000001", text) for text in texts])

try:
    first.sendSms("+4917000099", "to nobody")
    sys.exit("nobody got a message")
except CmsError as error:
    expect("error", error.code, 1)

print("success", flush=True)
# A modem that refused to connect has left a thread behind that waits for it.
os._exit(0)
