"""The networks: the textbook U-Net and the pretrained one."""
