# Registers in memory, served by pymodbus.
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartTcpServer

registers = ModbusSequentialDataBlock(0, list(range(100)))
unit = ModbusSlaveContext(hr=registers, zero_mode=True)
context = ModbusServerContext(slaves=unit, single=True)
StartTcpServer(context=context, address=("127.0.0.1", int(sys.argv[1])))
