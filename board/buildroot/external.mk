include $(sort $(wildcard $(BR2_EXTERNAL_FIREPUSH_PATH)/package/*/*.mk))
