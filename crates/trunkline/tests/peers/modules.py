"""What an application with a GSM modem does, by the library that many of them use."""

import os
import sys
import threading

from gsmmodem.exceptions import CmsError, IncorrectPinError, PinRequiredError
from gsmmodem.modem import GsmModem, Sms
from gsmmodem.pdu import Concatenation

arrived = threading.Event()
messages = []
parts = []


def on_message(message):
    messages.append((message.number, message.text))
    parts.append([part.number for part in message.udh if isinstance(part, Concatenation)])
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
first.waitForNetworkCoverage(60)
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
    if not arrived.wait(60):
        sys.exit("no message arrived")
expect("messages", messages, [("+4917000001", text) for text in texts])

# An alphabet of its own, and more than one message has room for.
first.smsTextMode = False
second.smsTextMode = False
for text, count in [("日本語 ☃", 1), ("all work and no play " * 20, 3), ("ни слова " * 10, 2)]:
    messages.clear()
    parts.clear()
    arrived.clear()
    first.sendSms("+4917000002", text)
    while len(messages) < count:
        if not arrived.wait(60):
            sys.exit(f"only {len(messages)} of {count} messages arrived")
        arrived.clear()
    if count > 1:
        expect("order", parts, [[n + 1] for n in range(count)])
    expect("text", "".join(text for _, text in messages), text)

# Kept while nobody listens, listed and deleted.
second.close()
for text in ["one", "two"]:
    first.sendSms("+4917000002", text)
second = GsmModem(sys.argv[2], 115200)
second.connect()
for text_mode in [False, True]:
    second.smsTextMode = text_mode
    kept = second.listStoredSms(Sms.STATUS_ALL)
    expect("kept", sorted(message.text for message in kept), ["one", "two"])
second.deleteStoredSms(1)
expect("left", [message.text for message in second.listStoredSms(Sms.STATUS_ALL)], ["two"])
second.deleteMultipleStoredSms(4)
expect("nothing left", second.listStoredSms(Sms.STATUS_ALL), [])

try:
    first.sendSms("+4917000099", "to nobody")
    sys.exit("nobody got a message")
except CmsError as error:
    expect("error", error.code, 1)

print("success", flush=True)
# A modem that refused to connect has left a thread behind that waits for it.
os._exit(0)
