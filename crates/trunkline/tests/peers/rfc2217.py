"""A caller of an exchange that believes it drives a serial port.

    rfc2217.py ADDRESS
"""

import sys

import serial

port = serial.serial_for_url("rfc2217://" + sys.argv[1], baudrate=2400, timeout=40)


def prompt(word):
    seen = port.read_until(word)
    print("<", seen)
    if not seen.endswith(word):
        sys.exit(f"no {word} in time")


if not (port.cd and port.dsr and port.cts) or port.ri:
    sys.exit(f"the circuits: CD {port.cd}, DSR {port.dsr}, CTS {port.cts}, RI {port.ri}")
# Opening the port has thrown away what came before, as with a real one.
port.write(b"\r")
prompt(b"ogin: ")
port.write(b"site\r")
prompt(b"assword: ")
port.write(b"secret\r")
prompt(b"READY")
port.baudrate = 115200
port.parity = serial.PARITY_EVEN
port.reset_input_buffer()

every_byte = bytes(range(256)) * 16
port.write(every_byte)
echo = port.read(len(every_byte))
if echo != every_byte:
    sys.exit(f"sent {every_byte}, and {echo} came back")

# The account's break is a zero byte.
port.break_condition = True
port.break_condition = False
if port.read(1) != b"\0":
    sys.exit("no break came back")
port.dtr = False
try:
    more = port.read(1)
    sys.exit(f"DTR went off, and the call goes on: {more}")
except serial.SerialException:
    print("success")
