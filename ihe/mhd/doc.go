// Package mhd will hold document sharing: IHE MHD (ITI-65, 66, 67, 68, 105, 106) and the French PDSm profile over it. Nothing is built yet.
package mhd
