// One virtual machine that runs infra/compose.cluster.yaml: network, disk, and start at boot.
//
//   az group create --name flightstream --location westeurope
//   az deployment group create --resource-group flightstream --template-file infra/azure/main.bicep \
//       --parameters sshPublicKey="$(cat ~/.ssh/id_ed25519.pub)" adminAddresses=203.0.113.7/32

@description('The key that may log in.')
param sshPublicKey string

@description('Who may reach SSH: an address range, such as 203.0.113.7/32. Everything else is reached through it.')
param adminAddresses string

@description('Where everything is.')
param location string = resourceGroup().location

@description('4 processors and 16 GiB are enough for the simulation and for the API.')
param size string = 'Standard_D4as_v5'

@description('Topics, indices, figures and snapshots, in GiB.')
@minValue(64)
param dataDiskGiB int = 128

var name = 'flightstream'

resource securityGroup 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: name
  location: location
  properties: {
    securityRules: [
      {
        name: 'ssh'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: adminAddresses
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '22'
        }
      }
      {
        name: 'nothing-else'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.20.0.0/24'] }
    subnets: [
      {
        name: 'default'
        properties: {
          addressPrefix: '10.20.0.0/28'
          networkSecurityGroup: { id: securityGroup.id }
        }
      }
    ]
  }
}

resource address 'Microsoft.Network/publicIPAddresses@2024-05-01' = {
  name: name
  location: location
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

resource interface 'Microsoft.Network/networkInterfaces@2024-05-01' = {
  name: name
  location: location
  properties: {
    ipConfigurations: [
      {
        name: 'default'
        properties: {
          subnet: { id: network.properties.subnets[0].id }
          publicIPAddress: { id: address.id }
        }
      }
    ]
  }
}

resource disk 'Microsoft.Compute/disks@2024-03-02' = {
  name: '${name}-data'
  location: location
  sku: { name: 'Premium_LRS' }
  properties: {
    creationData: { createOption: 'Empty' }
    diskSizeGB: dataDiskGiB
  }
}

resource machine 'Microsoft.Compute/virtualMachines@2024-07-01' = {
  name: name
  location: location
  properties: {
    hardwareProfile: { vmSize: size }
    securityProfile: {
      securityType: 'TrustedLaunch'
      uefiSettings: { secureBootEnabled: true, vTpmEnabled: true }
    }
    osProfile: {
      computerName: name
      adminUsername: 'operator'
      customData: loadFileAsBase64('cloud-init.yaml')
      linuxConfiguration: {
        disablePasswordAuthentication: true
        ssh: { publicKeys: [{ path: '/home/operator/.ssh/authorized_keys', keyData: sshPublicKey }] }
        patchSettings: { patchMode: 'AutomaticByPlatform' }
      }
    }
    storageProfile: {
      imageReference: {
        publisher: 'Canonical'
        offer: 'ubuntu-24_04-lts'
        sku: 'server'
        version: 'latest'
      }
      osDisk: {
        createOption: 'FromImage'
        managedDisk: { storageAccountType: 'Premium_LRS' }
      }
      dataDisks: [
        {
          lun: 0
          createOption: 'Attach'
          // It outlives the machine.
          deleteOption: 'Detach'
          managedDisk: { id: disk.id }
        }
      ]
    }
    networkProfile: { networkInterfaces: [{ id: interface.id }] }
    diagnosticsProfile: { bootDiagnostics: { enabled: true } }
  }
}

@description('For `ssh -L 8080:localhost:8080 -L 3000:localhost:3000 -L 5601:localhost:5601 operator@…`.')
output address string = address.properties.ipAddress
