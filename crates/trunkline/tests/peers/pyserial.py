"""An ordinary modem script: what people write against a serial modem with pyserial.

    pyserial.py DEVICE NUMBER
"""

import sys
import time

import serial

device, number = sys.argv[1:]
port = serial.serial_for_url(device, 115200, timeout=40)


def expect(word):
    line = b""
    while word not in line:
        line = port.readline()
        print("<", line)
        if not line.endswith(b"\n"):
            sys.exit(f"no {word} in time")
    return line


def command(text, answer=b"OK"):
    print(">", text)
    # With LF after CR, as many scripts have it: it may neither abort the dialling nor spoil the next line.
    port.write(text.encode() + b"\r\n")
    return expect(answer)


def prompt(word):
    seen = port.read_until(word)
    print("<", seen)
    if not seen.endswith(word):
        sys.exit(f"no {word} in time")


command("AT")
command("ATE0")
command("ATI")
speed = command("ATDT" + number, b"CONNECT")
if speed.strip() != b"CONNECT 115200":
    sys.exit(f"the port's own speed is not in {speed}")
prompt(b"ogin: ")
port.write(b"site\r")
prompt(b"assword: ")
port.write(b"secret\r")
prompt(b"READY")

every_byte = bytes(range(256)) * 16
port.write(every_byte)
echo = port.read(len(every_byte))
if echo != every_byte:
    sys.exit(f"sent {every_byte}, and {echo} came back")

# The guard times of the escape are pauses by definition.
time.sleep(1.2)
port.write(b"+++")
time.sleep(1.2)
# The far end echoes the escape, too, as long as it is data.
expect(b"OK")
command("ATH")
command("AT")
print("success")
