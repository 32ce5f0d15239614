/* Registers in memory, served to any number of clients by libmodbus in one thread, as its documentation shows. */
#include <errno.h>
#include <modbus.h>
#include <stdlib.h>
#include <sys/select.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", argc > 1 ? atoi(argv[1]) : 1502);
    modbus_mapping_t *mapping = modbus_mapping_new(100, 100, 100, 100);
    if (modbus == NULL || mapping == NULL)
        return 1;
    for (int address = 0; address < 100; address++)
        mapping->tab_registers[address] = address;
    int listener = modbus_tcp_listen(modbus, 64);
    if (listener < 0)
        return 1;
    fd_set known;
    FD_ZERO(&known);
    FD_SET(listener, &known);
    int last = listener;
    for (;;) {
        fd_set ready = known;
        if (select(last + 1, &ready, NULL, NULL, NULL) < 0 && errno != EINTR)
            return 1;
        for (int fd = 0; fd <= last; fd++) {
            if (!FD_ISSET(fd, &ready))
                continue;
            if (fd == listener) {
                int client = listener;
                client = modbus_tcp_accept(modbus, &client);
                if (client < 0)
                    continue;
                FD_SET(client, &known);
                if (client > last)
                    last = client;
                continue;
            }
            uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
            modbus_set_socket(modbus, fd);
            int length = modbus_receive(modbus, query);
            if (length > 0)
                modbus_reply(modbus, query, length, mapping);
            else if (length < 0) {
                close(fd);
                FD_CLR(fd, &known);
            }
        }
    }
}
