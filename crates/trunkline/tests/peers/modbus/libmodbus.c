/* libmodbus as a client, and as unit 17 on a serial bus or on TCP. Usage:
 *   libmodbus serve rtu DEVICE
 *   libmodbus serve tcp PORT
 *   libmodbus ask PORT rtu|tcp    reads and writes unit 17 behind a gateway, and says what went wrong
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 17
#define CHECK(what) do { if (!(what)) { \
    printf("failed: %s (%s)\n", #what, modbus_strerror(errno)); return 1; } } while (0)

static int serve(const char *framing, const char *place)
{
    int rtu = strcmp(framing, "rtu") == 0;
    modbus_t *modbus = rtu ? modbus_new_rtu(place, 115200, 'N', 8, 1)
                           : modbus_new_tcp("127.0.0.1", atoi(place));
    modbus_mapping_t *mapping = modbus_mapping_new(200, 200, 200, 200);
    CHECK(modbus != NULL && mapping != NULL);
    modbus_set_slave(modbus, UNIT);
    for (int address = 0; address < 200; address++) {
        mapping->tab_registers[address] = address;
        mapping->tab_input_registers[address] = 0x42f6 + address;
        mapping->tab_input_bits[address] = address % 3 == 0;
    }
    int listener = rtu ? -1 : modbus_tcp_listen(modbus, 4);
    CHECK((rtu ? modbus_connect(modbus) : listener) >= 0);
    printf("serving\n");
    fflush(stdout);
    for (;;) {
        uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
        if (!rtu)
            modbus_tcp_accept(modbus, &listener);
        int length;
        /* Nothing: it was for another unit. */
        while ((length = modbus_receive(modbus, query)) >= 0)
            if (length > 0)
                modbus_reply(modbus, query, length, mapping);
        if (!rtu)
            modbus_close(modbus);
        else if (errno == EIO || errno == ENXIO)
            return 0;
    }
}

static int ask(int port, int bus)
{
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", port);
    modbus_set_slave(modbus, UNIT);
    modbus_set_response_timeout(modbus, 30, 0);
    CHECK(modbus_connect(modbus) == 0);
    uint16_t words[125], written[3] = {7, 8, 9};
    uint8_t bits[200], set[11];
    CHECK(modbus_read_registers(modbus, 50, 125, words) == 125);
    for (int place = 0; place < 125; place++)
        CHECK(words[place] == 50 + place);
    CHECK(modbus_read_input_registers(modbus, 1, 2, words) == 2);
    CHECK(words[0] == 0x42f7 && words[1] == 0x42f8);
    CHECK(modbus_read_input_bits(modbus, 0, 200, bits) == 200);
    for (int place = 0; place < 200; place++)
        CHECK(bits[place] == (place % 3 == 0));
    memset(set, 1, sizeof set);
    CHECK(modbus_write_bits(modbus, 5, 11, set) == 11);
    CHECK(modbus_write_bit(modbus, 6, 0) == 1);
    CHECK(modbus_read_bits(modbus, 4, 4, bits) == 4);
    CHECK(!bits[0] && bits[1] && !bits[2] && bits[3]);
    CHECK(modbus_write_registers(modbus, 10, 3, written) == 3);
    CHECK(modbus_write_register(modbus, 13, 0xbeef) == 1);
    CHECK(modbus_mask_write_register(modbus, 10, 0xfff0, 0x0005) == 1);
    CHECK(modbus_write_and_read_registers(modbus, 14, 3, written, 10, 5, words) == 5);
    CHECK(words[0] == 5 && words[1] == 8 && words[2] == 9 && words[3] == 0xbeef && words[4] == 7);
    CHECK(modbus_report_slave_id(modbus, sizeof bits, bits) > 2);
    CHECK(modbus_read_registers(modbus, 199, 2, words) == -1 && errno == EMBXILADD);
    /* On TCP its server is every unit. */
    modbus_set_slave(modbus, UNIT + 1);
    CHECK(!bus || modbus_read_registers(modbus, 0, 1, words) == -1);
    CHECK(!bus || errno == EMBXGTAR);
    modbus_set_slave(modbus, UNIT);
    CHECK(modbus_read_registers(modbus, 0, 1, words) == 1 && words[0] == 0);
    printf("success\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "ask") == 0)
        return ask(atoi(argv[2]), strcmp(argv[3], "rtu") == 0);
    return 2;
}
