# Modbus units of pymodbus, and its client. Usage:
#   modbus.py serve FRAMER DEVICE     units 1 and 17 on a serial port
#   modbus.py serve tcp PORT          the same on TCP
#   modbus.py ask HOST PORT           a client that reads and writes through a gateway
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext


def context():
    def unit(number):
        return ModbusSlaveContext(
            di=ModbusSequentialDataBlock(0, [True, False] * 500),
            co=ModbusSequentialDataBlock(0, [False] * 1000),
            hr=ModbusSequentialDataBlock(0, [number] + list(range(1000))),
            ir=ModbusSequentialDataBlock(0, [0] + [0x42F6, 0xE979] * 500),
            zero_mode=True,
        )

    return ModbusServerContext(slaves={1: unit(1), 17: unit(17)}, single=False)


def serve(framer, place):
    from pymodbus.server import StartSerialServer, StartTcpServer
    from pymodbus.transaction import ModbusAsciiFramer, ModbusRtuFramer

    print("serving", flush=True)
    if framer == "tcp":
        StartTcpServer(context=context(), address=("127.0.0.1", int(place)))
        return
    framers = {"rtu": ModbusRtuFramer, "ascii": ModbusAsciiFramer}
    StartSerialServer(
        context=context(), framer=framers[framer], port=place, baudrate=115200, timeout=0.05
    )


def ask(host, port):
    from pymodbus.client import ModbusTcpClient

    client = ModbusTcpClient(host, port=int(port), timeout=30)
    assert client.connect()
    registers = client.read_input_registers(1, 2, slave=17).registers
    assert registers == [0x42F6, 0xE979], registers
    assert not client.write_registers(10, [7, 8, 9], slave=1).isError()
    assert client.read_holding_registers(9, 5, slave=1).registers == [8, 7, 8, 9, 12]
    assert not client.write_coils(3, [True, False, True], slave=1).isError()
    assert client.read_coils(2, 5, slave=1).bits[:5] == [False, True, False, True, False]
    assert not client.write_register(10, 0x55, slave=1).isError()
    many = client.read_holding_registers(100, 125, slave=17).registers
    assert many == list(range(99, 224)), many
    beyond = client.read_holding_registers(5000, 1, slave=1)
    assert beyond.isError() and beyond.exception_code == 2, beyond
    nobody = client.read_holding_registers(0, 1, slave=5)
    assert nobody.isError() and nobody.exception_code == 11, nobody
    again = client.read_holding_registers(10, 1, slave=1)
    assert again.registers == [0x55], again
    print("success")


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
