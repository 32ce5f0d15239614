# What pymodbus' client says and what it understands, in one framing. Usage: framers.py rtu|ascii|tcp
# Standard input has lines:
#   ask TRANSACTION HEX    a request as a PDU: its frame is printed
#   hear HEX               the frame of an answer: what is understood of it is printed as a PDU
import struct
import sys

from pymodbus.factory import ClientDecoder, ServerDecoder
from pymodbus.transaction import ModbusAsciiFramer, ModbusRtuFramer, ModbusSocketFramer

UNIT = 5
framers = {"rtu": ModbusRtuFramer, "ascii": ModbusAsciiFramer, "tcp": ModbusSocketFramer}
framer = framers[sys.argv[1]](ClientDecoder())


def words(values):
    return b"".join(struct.pack(">H", value) for value in values)


def body(answer):
    """What encode() of its answers would say, but where it forgets or repeats something."""
    code = answer.function_code
    if code == 0x08:
        return struct.pack(">H", answer.sub_function_code) + words(answer.message)
    if code == 0x11:
        return bytes([len(answer.identifier)]) + answer.identifier
    if code == 0x14:
        found = [bytes([len(r.record_data) + 1, 6]) + r.record_data for r in answer.records]
        return bytes([sum(map(len, found))]) + b"".join(found)
    if code == 0x18:
        return words(answer.values)
    if code == 0x2B:
        answer.number_of_objects = 0
    return answer.encode()


for line in sys.stdin:
    what, *rest = line.split()
    if what == "ask":
        request = ServerDecoder().decode(bytes.fromhex(rest[1]))
        request.unit_id = UNIT
        request.transaction_id = int(rest[0])
        print(framer.buildPacket(request).hex(), flush=True)
    else:
        heard = []
        framer.processIncomingPacket(bytes.fromhex(rest[0]), heard.append, UNIT)
        pdus = [bytes([answer.function_code]) + body(answer) for answer in heard]
        print(" ".join(pdu.hex() for pdu in pdus), flush=True)
