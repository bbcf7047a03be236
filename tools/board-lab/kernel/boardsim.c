// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * boardsim: a board in software, for testing without one.  It holds what a Raspberry Pi with an MPU-6050 has on its
 * header: an I2C bus with the sensor at 0x68, modelled register by register with FIFO and data-ready interrupt, and a
 * GPIO chip of 28 lines.  The kernel's own inv_mpu6050 driver binds to the sensor, and gpiolib serves the lines.
 * Registers: "MPU-6000 and MPU-6050 Register Map and Descriptions", revision 4.2.
 *
 * /dev/boardsim-motion   write: records of 7 native-endian s32: accelerometer x y z in 1/16384 g, temperature as in
 *                        TEMP_OUT, gyroscope x y z in 1/131 degree per second (the finest ranges' units, not clipped).
 *                        One record is used per sample while somebody samples; write() blocks while the queue is full.
 *                        An empty queue repeats the last record with a little noise.  Opening with O_TRUNC empties it
 *                        and lays the board flat on a table.
 * /dev/boardsim-gpio     write: "LINE 0", "LINE 1" or "LINE z": what is wired to the line pulls it low, high, or lets go.
 *                        read: the changes of output lines since the last read, "NANOSECONDS LINE VALUE" on
 *                        CLOCK_MONOTONIC; end of file when there are no more.
 * /sys/class/misc/boardsim-gpio/lines   all lines: number, direction, level, pull.
 *
 * A second button is the kernel's: line 22 to ground, pulled up, KEY_WPS_BUTTON once its driver gpio_keys is loaded.
 *
 * Parameters in /sys/module/boardsim/parameters: faults nak, noirq, stuck, brownout; counters samples, underruns,
 * interrupts, fifo_overflows.
 */
#include <linux/gpio/driver.h>
#include <linux/gpio_keys.h>
#include <linux/hrtimer.h>
#include <linux/i2c.h>
#include <linux/input-event-codes.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/kfifo.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pinctrl/pinconf-generic.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>
#include <linux/version.h>

/* ---- Parameters ---- */

static bool wired_int = true;
module_param(wired_int, bool, 0444);
MODULE_PARM_DESC(wired_int, "whether the sensor's INT pin is wired to line 4 (without it the driver has no buffer)");

static bool nak;
module_param(nak, bool, 0644);
MODULE_PARM_DESC(nak, "fault: the sensor does not answer on the bus");

static bool noirq;
module_param(noirq, bool, 0644);
MODULE_PARM_DESC(noirq, "fault: the INT pin stays at rest");

static bool stuck;
module_param(stuck, bool, 0644);
MODULE_PARM_DESC(stuck, "fault: the sensor repeats one sample for ever");

static uint noise = 8;
module_param(noise, uint, 0644);
MODULE_PARM_DESC(noise, "amplitude of the noise on a board at rest, in units of the motion records");

static ulong samples, underruns, interrupts, fifo_overflows;
module_param(samples, ulong, 0444);
module_param(underruns, ulong, 0444);
module_param(interrupts, ulong, 0444);
module_param(fifo_overflows, ulong, 0444);

/* ---- GPIO chip ---- */

#define LINES 28
#define INT_LINE 4
#define KEY_LINE 22

struct line {
	bool output;	/* direction */
	bool value;	/* what the output drives */
	bool wired;	/* something outside drives the line */
	bool outside;	/* what it drives */
	bool pull_up;	/* which way the bias pulls */
	bool level;	/* what results, last seen */
	bool rising;	/* edges that interrupt */
	bool falling;
};

struct change {
	u64 time;
	u8 line;
	u8 value;
};

static struct line lines[LINES];
static DEFINE_SPINLOCK(line_lock);
static DEFINE_KFIFO(changes, struct change, 1024);
static struct gpio_chip chip;
static const char *line_names[LINES];

/* Works out a line's level after any change to it; gives the edge to gpiolib. */
static void line_settle(unsigned int number)
{
	struct line *line = &lines[number];
	unsigned long flags;
	bool level, edge;

	spin_lock_irqsave(&line_lock, flags);
	level = line->output ? line->value : line->wired ? line->outside : line->pull_up;
	edge = level != line->level && (level ? line->rising : line->falling);
	line->level = level;
	spin_unlock_irqrestore(&line_lock, flags);
	if (edge) {
		unsigned int irq = irq_find_mapping(chip.irq.domain, number);

		if (irq)
			generic_handle_irq_safe(irq);
	}
}

static void line_wire(unsigned int number, bool wired, bool outside)
{
	unsigned long flags;

	spin_lock_irqsave(&line_lock, flags);
	lines[number].wired = wired;
	lines[number].outside = outside;
	spin_unlock_irqrestore(&line_lock, flags);
	line_settle(number);
}

static void line_drive(unsigned int number, bool value)
{
	struct change change = { .time = ktime_get_ns(), .line = number, .value = value };
	unsigned long flags;

	spin_lock_irqsave(&line_lock, flags);
	if (!lines[number].output || lines[number].value != value) {
		if (kfifo_is_full(&changes))
			kfifo_skip(&changes);
		kfifo_put(&changes, change);
	}
	lines[number].output = true;
	lines[number].value = value;
	spin_unlock_irqrestore(&line_lock, flags);
	line_settle(number);
}

static int chip_get(struct gpio_chip *c, unsigned int number)
{
	return lines[number].level;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
static int chip_set(struct gpio_chip *c, unsigned int number, int value)
{
	line_drive(number, value);
	return 0;
}
#else
static void chip_set(struct gpio_chip *c, unsigned int number, int value)
{
	line_drive(number, value);
}
#endif

static int chip_get_direction(struct gpio_chip *c, unsigned int number)
{
	return lines[number].output ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int chip_direction_input(struct gpio_chip *c, unsigned int number)
{
	lines[number].output = false;
	line_settle(number);
	return 0;
}

static int chip_direction_output(struct gpio_chip *c, unsigned int number, int value)
{
	if (number == INT_LINE && wired_int)
		return -EPERM;	/* two outputs against each other */
	line_drive(number, value);
	return 0;
}

/* As pinctrl-bcm2835 does: bias yes, debounce no, so that gpiolib debounces in software. */
static int chip_set_config(struct gpio_chip *c, unsigned int number, unsigned long config)
{
	switch (pinconf_to_config_param(config)) {
	case PIN_CONFIG_BIAS_PULL_UP:
		lines[number].pull_up = true;
		break;
	case PIN_CONFIG_BIAS_PULL_DOWN:
	case PIN_CONFIG_BIAS_DISABLE:	/* a floating line: low, as the worst case for a button to ground */
		lines[number].pull_up = false;
		break;
	case PIN_CONFIG_INPUT_DEBOUNCE:
		return -ENOTSUPP;
	default:
		return -ENOTSUPP;
	}
	line_settle(number);
	return 0;
}

static void irq_mask_line(struct irq_data *d)
{
	gpiochip_disable_irq(irq_data_get_irq_chip_data(d), irqd_to_hwirq(d));
}

static void irq_unmask_line(struct irq_data *d)
{
	gpiochip_enable_irq(irq_data_get_irq_chip_data(d), irqd_to_hwirq(d));
}

static void irq_ack_line(struct irq_data *d)
{
}

static int irq_set_type_line(struct irq_data *d, unsigned int type)
{
	struct line *line = &lines[irqd_to_hwirq(d)];

	if (type & (IRQ_TYPE_LEVEL_HIGH | IRQ_TYPE_LEVEL_LOW))
		return -EINVAL;
	line->rising = type & IRQ_TYPE_EDGE_RISING;
	line->falling = type & IRQ_TYPE_EDGE_FALLING;
	irq_set_handler_locked(d, handle_edge_irq);
	return 0;
}

static const struct irq_chip line_irq_chip = {
	.name = "boardsim",
	.irq_ack = irq_ack_line,
	.irq_mask = irq_mask_line,
	.irq_unmask = irq_unmask_line,
	.irq_set_type = irq_set_type_line,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

/* ---- MPU-6050 ---- */

enum {
	XG_OFFS_TC = 0x00,
	SMPLRT_DIV = 0x19,
	CONFIG = 0x1a,
	GYRO_CONFIG = 0x1b,
	ACCEL_CONFIG = 0x1c,
	FIFO_EN = 0x23,
	INT_PIN_CFG = 0x37,
	INT_ENABLE = 0x38,
	INT_STATUS = 0x3a,
	ACCEL_XOUT_H = 0x3b,
	TEMP_OUT_H = 0x41,
	GYRO_XOUT_H = 0x43,
	USER_CTRL = 0x6a,
	PWR_MGMT_1 = 0x6b,
	PWR_MGMT_2 = 0x6c,
	FIFO_COUNTH = 0x72,
	FIFO_COUNTL = 0x73,
	FIFO_R_W = 0x74,
	WHO_AM_I = 0x75,
};

#define FIFO_SIZE 1024
#define DATA_RDY BIT(0)
#define FIFO_OFLOW BIT(4)
#define SLEEP BIT(6)
#define DEVICE_RESET BIT(7)
#define FIFO_RESET BIT(2)
#define FIFO_ENABLE BIT(6)
#define FIFO_MODE BIT(6)
#define INT_LEVEL BIT(7)

struct motion {
	s32 value[7];
};

static DEFINE_SPINLOCK(sensor_lock);
static DEFINE_KFIFO(motion_queue, struct motion, 256);
static DECLARE_WAIT_QUEUE_HEAD(motion_room);
static const struct motion at_rest = { { 0, 0, 16384, -521, 0, 0, 0 } };	/* flat on a table at 35 degrees Celsius */
static struct motion held;
static u8 registers[128], pointer;
static u8 fifo[FIFO_SIZE];
static unsigned int fifo_head, fifo_count;
static struct hrtimer sample_timer;

static void sensor_reset(void)
{
	memset(registers, 0, sizeof(registers));
	registers[PWR_MGMT_1] = SLEEP;
	registers[WHO_AM_I] = 0x68;
	/* OTP_BNK_VLD.  Linux 6.1 knows no INT_STATUS for this chip, reads register 0 instead, and wants bit 0 set. */
	registers[XG_OFFS_TC] = 0x01;
	fifo_head = fifo_count = 0;
}

static void fifo_put(u8 byte)
{
	if (fifo_count == FIFO_SIZE) {
		registers[INT_STATUS] |= FIFO_OFLOW;
		fifo_overflows++;
		if (registers[CONFIG] & FIFO_MODE)
			return;		/* full: later bytes are lost */
		fifo_head = (fifo_head + 1) % FIFO_SIZE;	/* otherwise the oldest are */
		fifo_count--;
	}
	fifo[(fifo_head + fifo_count++) % FIFO_SIZE] = byte;
}

static u8 fifo_get(void)
{
	u8 byte;

	if (!fifo_count)
		return 0xff;
	byte = fifo[fifo_head];
	fifo_head = (fifo_head + 1) % FIFO_SIZE;
	fifo_count--;
	return byte;
}

static ktime_t sample_period(void)
{
	u8 filter = registers[CONFIG] & 7;
	u64 base = filter == 0 || filter == 7 ? 125000 : 1000000;	/* 8 kHz without the low-pass filter, else 1 kHz */

	return ns_to_ktime(base * (1 + registers[SMPLRT_DIV]));
}

/* The next sample of the motion that is fed, or the board at rest. */
static struct motion motion_next(void)
{
	struct motion motion;
	int i;

	if (kfifo_get(&motion_queue, &motion)) {
		held = motion;
		return motion;
	}
	underruns++;
	motion = held;
	for (i = 0; i < 7; i++)
		motion.value[i] += (s32)(get_random_u32() % (2 * noise + 1)) - (s32)noise;
	return motion;
}

static void sensor_sample(void)
{
	static const u8 fifo_bit[7] = { BIT(3), BIT(3), BIT(3), BIT(7), BIT(6), BIT(5), BIT(4) };
	static const u8 standby_bit[7] = { BIT(5), BIT(4), BIT(3), 0, BIT(2), BIT(1), BIT(0) };
	bool sampled = registers[INT_ENABLE] & DATA_RDY || registers[FIFO_EN];
	struct motion motion = sampled ? motion_next() : held;
	int i;

	if (sampled)
		samples++;
	for (i = 0; i < 7 && !stuck; i++) {
		u8 range = i < 3 ? registers[ACCEL_CONFIG] >> 3 & 3 : i > 3 ? registers[GYRO_CONFIG] >> 3 & 3 : 0;
		s32 value = clamp(motion.value[i] >> range, -32768, 32767);

		if (registers[PWR_MGMT_2] & standby_bit[i])
			continue;	/* the register keeps its value */
		registers[ACCEL_XOUT_H + 2 * i] = value >> 8;
		registers[ACCEL_XOUT_H + 2 * i + 1] = value;
	}
	for (i = 0; i < 7 && registers[USER_CTRL] & FIFO_ENABLE; i++) {
		if (registers[FIFO_EN] & fifo_bit[i]) {
			fifo_put(registers[ACCEL_XOUT_H + 2 * i]);
			fifo_put(registers[ACCEL_XOUT_H + 2 * i + 1]);
		}
	}
	registers[INT_STATUS] |= DATA_RDY;
}

static enum hrtimer_restart sensor_tick(struct hrtimer *timer)
{
	bool interrupt, rest;
	u64 due;

	spin_lock(&sensor_lock);
	if (registers[PWR_MGMT_1] & SLEEP) {
		spin_unlock(&sensor_lock);
		return HRTIMER_NORESTART;
	}
	/* A sensor samples by its own clock: where this processor came too late for some, they are in the FIFO all the same,
	 * and the motion has not stood still. */
	for (due = hrtimer_forward_now(timer, sample_period()); due > 0; due--)
		sensor_sample();
	interrupt = registers[INT_ENABLE] & DATA_RDY && !noirq;
	rest = registers[INT_PIN_CFG] & INT_LEVEL;
	spin_unlock(&sensor_lock);

	wake_up_interruptible(&motion_room);
	if (interrupt && wired_int) {
		/* A 50 microsecond pulse, in no time.  (Latched interrupts, which the driver uses for level triggers
		 * only, are not modelled: the GPIO chip has no level triggers either.) */
		interrupts++;
		line_wire(INT_LINE, true, !rest);
		line_wire(INT_LINE, true, rest);
	}
	return HRTIMER_RESTART;
}

static void register_write(u8 number, u8 value)
{
	bool was_asleep = registers[PWR_MGMT_1] & SLEEP;

	switch (number) {
	case WHO_AM_I:
	case INT_STATUS:
	case ACCEL_XOUT_H ... GYRO_XOUT_H + 5:
	case FIFO_COUNTH ... FIFO_COUNTL:
		return;		/* read-only */
	case FIFO_R_W:
		fifo_put(value);
		return;
	case PWR_MGMT_1:
		if (value & DEVICE_RESET) {
			sensor_reset();
			return;
		}
		registers[number] = value;
		if (was_asleep && !(value & SLEEP))
			hrtimer_start(&sample_timer, sample_period(), HRTIMER_MODE_REL);
		return;
	case USER_CTRL:
		if (value & FIFO_RESET)
			fifo_head = fifo_count = 0;
		registers[number] = value & ~7;	/* the reset bits clear themselves */
		return;
	}
	registers[number] = value;
}

static u8 register_read(u8 number)
{
	u8 value = registers[number];

	switch (number) {
	case FIFO_COUNTH:
		return fifo_count >> 8;
	case FIFO_COUNTL:
		return fifo_count;
	case FIFO_R_W:
		return fifo_get();
	case INT_STATUS:
		registers[INT_STATUS] = 0;	/* reading clears */
		break;
	}
	return value;
}

static void pointer_advance(void)
{
	if (pointer != FIFO_R_W)	/* a burst at the FIFO stays there */
		pointer = (pointer + 1) & 127;
}

static int bus_transfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	unsigned long flags;
	int i, j;

	for (i = 0; i < count; i++) {
		struct i2c_msg *message = &messages[i];

		if (message->addr != 0x68 || nak)
			return -EREMOTEIO;	/* what i2c-bcm2835 says of an address that nobody acknowledges */
		spin_lock_irqsave(&sensor_lock, flags);
		for (j = 0; j < message->len; j++) {
			if (message->flags & I2C_M_RD) {
				message->buf[j] = register_read(pointer);
				pointer_advance();
			} else if (j == 0) {
				pointer = message->buf[0] & 127;
			} else {
				register_write(pointer, message->buf[j]);
				pointer_advance();
			}
		}
		spin_unlock_irqrestore(&sensor_lock, flags);
	}
	if (wired_int && !noirq)
		line_wire(INT_LINE, true, registers[INT_PIN_CFG] & INT_LEVEL);
	return count;
}

static u32 bus_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | (I2C_FUNC_SMBUS_EMUL & ~I2C_FUNC_SMBUS_QUICK) | I2C_FUNC_SMBUS_I2C_BLOCK;
}

static const struct i2c_algorithm bus_algorithm = {
	.master_xfer = bus_transfer,
	.functionality = bus_functionality,
};

/* Fault: the supply fails for a moment, and the sensor forgets its settings while the driver believes in them. */
static int brownout_set(const char *text, const struct kernel_param *parameter)
{
	unsigned long flags;

	spin_lock_irqsave(&sensor_lock, flags);
	sensor_reset();
	spin_unlock_irqrestore(&sensor_lock, flags);
	return 0;
}

static const struct kernel_param_ops brownout_ops = { .set = brownout_set };
module_param_cb(brownout, &brownout_ops, NULL, 0200);
MODULE_PARM_DESC(brownout, "fault: any write resets the sensor behind the driver's back");

/* ---- What user space feeds and reads ---- */

static int motion_open(struct inode *inode, struct file *file)
{
	unsigned long flags;

	if (file->f_flags & O_TRUNC) {
		spin_lock_irqsave(&sensor_lock, flags);
		kfifo_reset(&motion_queue);
		held = at_rest;
		spin_unlock_irqrestore(&sensor_lock, flags);
	}
	return nonseekable_open(inode, file);
}

static ssize_t motion_write(struct file *file, const char __user *user, size_t length, loff_t *position)
{
	struct motion motion;
	unsigned long flags;
	size_t done = 0;
	bool stored;

	while (length - done >= sizeof(motion)) {
		if (copy_from_user(&motion, user + done, sizeof(motion)))
			return -EFAULT;
		for (;;) {
			spin_lock_irqsave(&sensor_lock, flags);
			stored = kfifo_put(&motion_queue, motion);
			spin_unlock_irqrestore(&sensor_lock, flags);
			if (stored)
				break;
			if (file->f_flags & O_NONBLOCK)
				return done ? done : -EAGAIN;
			if (wait_event_interruptible(motion_room, !kfifo_is_full(&motion_queue)))
				return done ? done : -ERESTARTSYS;
		}
		done += sizeof(motion);
	}
	return done ? done : -EINVAL;
}

static const struct file_operations motion_operations = {
	.owner = THIS_MODULE,
	.open = motion_open,
	.write = motion_write,
};

static ssize_t wires_write(struct file *file, const char __user *user, size_t length, loff_t *position)
{
	char text[32], value;
	unsigned int number;

	if (length >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, length))
		return -EFAULT;
	text[length] = 0;
	if (sscanf(text, "%u %c", &number, &value) != 2 || number >= LINES || number == INT_LINE)
		return -EINVAL;
	if (value != '0' && value != '1' && value != 'z')
		return -EINVAL;
	line_wire(number, value != 'z', value == '1');
	return length;
}

static ssize_t wires_read(struct file *file, char __user *user, size_t length, loff_t *position)
{
	struct change change;
	unsigned long flags;
	char text[48];
	bool any;
	int size;

	if (length < sizeof(text))
		return -EINVAL;
	spin_lock_irqsave(&line_lock, flags);
	any = kfifo_get(&changes, &change);
	spin_unlock_irqrestore(&line_lock, flags);
	if (!any)
		return 0;
	size = scnprintf(text, sizeof(text), "%llu %u %u\n", change.time, change.line, change.value);
	return copy_to_user(user, text, size) ? -EFAULT : size;
}

static const struct file_operations wires_operations = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = wires_read,
	.write = wires_write,
};

static ssize_t lines_show(struct device *device, struct device_attribute *attribute, char *text)
{
	int i, size = 0;

	for (i = 0; i < LINES; i++)
		size += sysfs_emit_at(text, size, "%d %s %d %s\n", i, lines[i].output ? "out" : "in", lines[i].level,
				      lines[i].pull_up ? "up" : "down");
	return size;
}
static DEVICE_ATTR_RO(lines);

static struct attribute *wires_attrs[] = { &dev_attr_lines.attr, NULL };
ATTRIBUTE_GROUPS(wires);

static struct miscdevice motion_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "boardsim-motion",
	.fops = &motion_operations,
};

static struct miscdevice wires_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "boardsim-gpio",
	.fops = &wires_operations,
	.groups = wires_groups,
};

/* ---- Putting the board together ---- */

static struct platform_device *board;
static struct i2c_client *sensor;

static struct i2c_adapter bus = {
	.owner = THIS_MODULE,
	.algo = &bus_algorithm,
	.name = "boardsim i2c",
};

/* The sensor is mounted turned by a quarter: what it calls y is the board's x. */
static const char * const mount_matrix[] = { "0", "1", "0", "-1", "0", "0", "0", "0", "1" };

static const struct property_entry sensor_properties[] = {
	PROPERTY_ENTRY_STRING_ARRAY("mount-matrix", mount_matrix),
	{ }
};

static const struct software_node sensor_node = {
	.name = "boardsim-sensor",
	.properties = sensor_properties,
};

static struct platform_device *keys;

/* What the overlay gpio-key,gpio=22,keycode=0x211,gpio_pull=up tells the driver gpio_keys. */
static int keys_register(void)
{
	struct gpio_keys_button button = {
		.code = KEY_WPS_BUTTON,
		.gpio = chip.base + KEY_LINE,
		.active_low = 1,
		.desc = "button",
		.type = EV_KEY,
		.debounce_interval = 5,
	};
	struct gpio_keys_platform_data data = { .nbuttons = 1 };

	/* The driver looks at it for as long as the device is there. */
	data.buttons = devm_kmemdup(&board->dev, &button, sizeof(button), GFP_KERNEL);
	if (!data.buttons)
		return -ENOMEM;
	chip_set_config(&chip, KEY_LINE, pinconf_to_config_packed(PIN_CONFIG_BIAS_PULL_UP, 1));
	keys = platform_device_register_data(&board->dev, "gpio-keys", PLATFORM_DEVID_NONE, &data, sizeof(data));
	return PTR_ERR_OR_ZERO(keys);
}

static int lines_register(struct device *parent)
{
	int i;

	for (i = 0; i < LINES; i++) {
		line_names[i] = devm_kasprintf(parent, GFP_KERNEL, "GPIO%d", i);
		if (!line_names[i])
			return -ENOMEM;
		/* The reset state of the BCM2835 family: pull-ups on GPIO 0 to 8, pull-downs above. */
		lines[i].pull_up = i <= 8;
		lines[i].level = lines[i].pull_up;
	}
	chip.label = "boardsim";
	chip.parent = parent;
	chip.owner = THIS_MODULE;
	chip.base = -1;
	chip.ngpio = LINES;
	chip.names = line_names;
	chip.get = chip_get;
	chip.set = chip_set;
	chip.get_direction = chip_get_direction;
	chip.direction_input = chip_direction_input;
	chip.direction_output = chip_direction_output;
	chip.set_config = chip_set_config;
	gpio_irq_chip_set_chip(&chip.irq, &line_irq_chip);
	chip.irq.handler = handle_bad_irq;
	chip.irq.default_type = IRQ_TYPE_NONE;
	return gpiochip_add_data(&chip, NULL);
}

static int sensor_register(struct device *parent)
{
	struct i2c_board_info info = { I2C_BOARD_INFO("mpu6050", 0x68), .swnode = &sensor_node };
	int error;

	bus.dev.parent = parent;
	error = i2c_add_adapter(&bus);
	if (error)
		return error;
	if (wired_int) {
		info.irq = chip.to_irq(&chip, INT_LINE);
		/* What Raspberry Pi's overlay i2c-sensor,mpu6050 says. */
		error = irq_set_irq_type(info.irq, IRQ_TYPE_EDGE_FALLING);
		if (error)
			goto remove_bus;
	}
	sensor = i2c_new_client_device(&bus, &info);
	if (IS_ERR(sensor)) {
		error = PTR_ERR(sensor);
		goto remove_bus;
	}
	return 0;

remove_bus:
	i2c_del_adapter(&bus);
	return error;
}

static int __init boardsim_init(void)
{
	int error;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	hrtimer_setup(&sample_timer, sensor_tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#else
	hrtimer_init(&sample_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	sample_timer.function = sensor_tick;
#endif
	sensor_reset();
	held = at_rest;
	board = platform_device_register_simple("boardsim", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(board))
		return PTR_ERR(board);
	error = lines_register(&board->dev);
	if (error)
		goto remove_board;
	error = misc_register(&motion_device);
	if (error)
		goto remove_lines;
	error = misc_register(&wires_device);
	if (error)
		goto remove_motion;
	error = keys_register();
	if (error)
		goto remove_wires;
	error = sensor_register(&board->dev);
	if (error)
		goto remove_keys;
	return 0;

remove_keys:
	platform_device_unregister(keys);
remove_wires:
	misc_deregister(&wires_device);
remove_motion:
	misc_deregister(&motion_device);
remove_lines:
	gpiochip_remove(&chip);
remove_board:
	platform_device_unregister(board);
	return error;
}

static void __exit boardsim_exit(void)
{
	i2c_unregister_device(sensor);
	i2c_del_adapter(&bus);
	hrtimer_cancel(&sample_timer);
	platform_device_unregister(keys);
	misc_deregister(&wires_device);
	misc_deregister(&motion_device);
	gpiochip_remove(&chip);
	platform_device_unregister(board);
}

module_init(boardsim_init);
module_exit(boardsim_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A simulated board: I2C bus with an MPU-6050, and a GPIO chip");
