# A unit 5 of pymodbus on TCP, in any framing. Usage: agreement.py FRAMING PORT
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
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
framers = {"rtu": ModbusRtuFramer, "ascii": ModbusAsciiFramer, "tcp": ModbusSocketFramer}
StartTcpServer(
    context=ModbusServerContext(slaves={5: unit}, single=False),
    framer=framers[sys.argv[1]],
    address=("127.0.0.1", int(sys.argv[2])),
)
