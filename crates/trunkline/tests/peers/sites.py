# A site's unit: it calls the exchange, logs in, and is a pymodbus server from then on. Usage:
#   sites.py call EXCHANGE-PORT NAME PASSWORD PLACE      PLACE is a port of TCP, or a terminal
#   sites.py say EXCHANGE-PORT NAME PASSWORD TEXT        pushes a text and stays
import os, select, socket, sys, termios, time, tty


def log_in(port, name, password):
    call = socket.create_connection(("127.0.0.1", int(port)))
    heard = b""
    for prompt, answer in ((b"login: ", name), (b"Password: ", password)):
        while not heard.endswith(prompt):
            piece = call.recv(100)
            assert piece, heard
            heard += piece
        call.sendall(answer.encode() + b"\r")
        heard = b""
    return call


def bridge(call, device):
    waiting = [call, device]
    first = True
    while True:
        for ready in select.select(waiting, [], [])[0]:
            piece = call.recv(4096) if ready is call else os.read(device, 4096) if isinstance(device, int) else device.recv(4096)
            if not piece:
                return
            if ready is call:
                if first:
                    # The line end after the password's echo.
                    piece, first = piece.lstrip(b"\r\n"), False
                os.write(device, piece) if isinstance(device, int) else device.sendall(piece)
            else:
                # In pieces, as modems make them.
                for at in range(0, len(piece), 7):
                    call.sendall(piece[at:at + 7])


def main():
    what, port, name, password, place = sys.argv[1:6]
    call = log_in(port, name, password)
    print("logged in", flush=True)
    if what == "say":
        call.sendall(place.encode().decode("unicode_escape").encode())
        while call.recv(100):
            pass
        return
    if place.isdigit():
        device = socket.create_connection(("127.0.0.1", int(place)))
    else:
        device = os.open(place, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(device)
    bridge(call, device)


main()
