# A unit 5 of pymodbus on TCP, in any framing. Usage: agreement.py FRAMING PORT
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server import StartTcpServer
from pymodbus.transaction import ModbusAsciiFramer, ModbusRtuFramer, ModbusSocketFramer

SIZE = 300
unit = ModbusSlaveContext(
    di=ModbusSequentialDataBlock(0, [address % 3 == 0 for address in range(SIZE)]),
    co=ModbusSequentialDataBlock(0, [address % 7 < 3 for address in range(SIZE)]),
    hr=ModbusSequentialDataBlock(0, [address * 257 % 65536 for address in range(SIZE)]),
    ir=ModbusSequentialDataBlock(0, [address * 31 for address in range(SIZE)]),
    zero_mode=True,
)
identity = ModbusDeviceIdentification(
    info={0: "ACME", 1: "RTU", 2: "1.0", 3: "http://acme.example", 0x80: "spare"}
)
framers = {"rtu": ModbusRtuFramer, "ascii": ModbusAsciiFramer, "tcp": ModbusSocketFramer}
StartTcpServer(
    context=ModbusServerContext(slaves={5: unit}, single=False),
    identity=identity,
    framer=framers[sys.argv[1]],
    address=("127.0.0.1", int(sys.argv[2])),
)
